//! A neuron that sends requests, `DO SCHEME AUTHORITY`, and answers with what came of it. It carries no manifest: its tests
//! grant it servers that exist for their time only.

use hal9_plugin_sdk::*;
use wasip2::http::outgoing_handler::{ErrorCode as HttpError, handle};
use wasip2::http::types::{Fields, IncomingBody, IncomingResponse, OutgoingRequest, Scheme, http_error_code};
use wasip2::io::streams::StreamError;

#[derive(Default)]
struct Http {
    held: Vec<IncomingBody>,
}

impl NeuronPlugin for Http {
    fn process_signal(&mut self, signal: PluginSignal) -> Result<PluginSignal, PluginError> {
        let mut words = signal.content.split(' ');
        let (what, scheme, authority) = (words.next(), words.next().unwrap_or(""), words.next().unwrap_or(""));
        let answer = match what {
            Some("get") => get(scheme, authority).and_then(|response| {
                let status = response.status();
                Ok(format!("{status} {}", read(response.consume().map_err(|()| HttpError::HttpProtocolError)?)?))
            }),
            Some("hold") => get(scheme, authority).map(|response| {
                self.held.extend(response.consume());
                format!("holds {}", self.held.len())
            }),
            Some("break") => {
                let _response = get(scheme, authority);
                panic!("in the middle of a response");
            }
            Some("often") => loop {
                let _ = get(scheme, authority);
            },
            Some("header") => Ok(format!("{:?}", Fields::new().append(scheme, authority.as_bytes()))),
            _ => Ok("cannot".to_owned()),
        };
        Ok(PluginSignal { content: answer.unwrap_or_else(|error| format!("{error:?}")), ..signal })
    }
}

fn get(scheme: &str, authority: &str) -> Result<IncomingResponse, HttpError> {
    let request = OutgoingRequest::new(Fields::new());
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    request.set_scheme(Some(&scheme)).map_err(|()| HttpError::HttpProtocolError)?;
    request.set_authority(Some(authority)).map_err(|()| HttpError::HttpRequestUriInvalid)?;
    let response = handle(request, None)?;
    response.subscribe().block();
    response.get().and_then(Result::ok).unwrap_or(Err(HttpError::HttpProtocolError))
}

fn read(body: IncomingBody) -> Result<String, HttpError> {
    let stream = body.stream().map_err(|()| HttpError::HttpProtocolError)?;
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(4096) {
            Ok(more) => bytes.extend(more),
            Err(StreamError::Closed) => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(http_error_code(&error).unwrap_or(HttpError::InternalError(None)));
            }
        }
    }
}

neuron_plugin!(Http);
