//! Owns what a broken exchange is called in the terms of `wasi:http`. It refuses to know what becomes of it.

use std::error::Error as _;
use std::io::{self, ErrorKind};

use wasmtime_wasi_http::Error as HttpError;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

/// What went wrong while a request was sent or its response received.
pub(super) fn of_exchange(error: &hyper::Error) -> HttpError {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(code) = cause.downcast_ref::<ErrorCode>() {
            return code.clone().into();
        }
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return match error.kind() {
                ErrorKind::UnexpectedEof => HttpError::HttpResponseIncomplete,
                ErrorKind::InvalidData | ErrorKind::InvalidInput => HttpError::HttpProtocolError,
                _ => HttpError::ConnectionTerminated,
            };
        }
        source = cause.source();
    }
    if error.is_parse_too_large() {
        HttpError::HttpResponseHeaderSectionSize(None)
    } else if error.is_incomplete_message() {
        HttpError::HttpResponseIncomplete
    } else if error.is_canceled() || error.is_closed() {
        HttpError::ConnectionTerminated
    } else {
        HttpError::HttpProtocolError
    }
}

/// What kept a connection from being opened.
pub(super) fn of_connect(error: &io::Error) -> HttpError {
    match error.kind() {
        ErrorKind::ConnectionRefused => HttpError::ConnectionRefused,
        ErrorKind::TimedOut => HttpError::ConnectionTimeout,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => HttpError::DestinationIpUnroutable,
        _ => HttpError::DestinationUnavailable,
    }
}

/// The code of an error that ended a body. (wasmtime 48 keeps that one in a form that its own `http-error-code` does not know.)
pub(super) fn code(error: &HttpError) -> ErrorCode {
    match error {
        HttpError::HttpRequestBodySize(size) => ErrorCode::HttpRequestBodySize(*size),
        HttpError::HttpResponseBodySize(size) => ErrorCode::HttpResponseBodySize(*size),
        HttpError::HttpResponseHeaderSectionSize(size) => ErrorCode::HttpResponseTrailerSectionSize(*size),
        HttpError::HttpResponseIncomplete => ErrorCode::HttpResponseIncomplete,
        HttpError::HttpResponseTimeout => ErrorCode::HttpResponseTimeout,
        HttpError::ConnectionReadTimeout => ErrorCode::ConnectionReadTimeout,
        HttpError::ConnectionTerminated => ErrorCode::ConnectionTerminated,
        _ => ErrorCode::HttpProtocolError,
    }
}
