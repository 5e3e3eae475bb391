//! Owns the drawings: ratios as bars to the left and to the right of one, on a logarithmic scale, readable on light and on dark
//! pages. It refuses to know what is compared.

use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// A ratio and what it is of.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// Whether it is worse than it is to be.
    pub(crate) missed: bool,
}

const WIDTH: u32 = 1_000;
const LABELS: u32 = 500;
const BAR: u32 = 24;
const MARGIN: u32 = 12;
const AXIS: u32 = 28;

/// What is drawn in which colour, on light pages and on dark ones.
const BACKGROUND: Ink = Ink { light: RGBColor(255, 255, 255), dark: RGBColor(13, 17, 23) };
const TEXT: Ink = Ink { light: RGBColor(31, 35, 40), dark: RGBColor(230, 237, 243) };
const GRID: Ink = Ink { light: RGBColor(208, 215, 222), dark: RGBColor(48, 54, 61) };
const FINE: Ink = Ink { light: RGBColor(9, 105, 218), dark: RGBColor(68, 147, 248) };
const MISSED: Ink = Ink { light: RGBColor(188, 76, 0), dark: RGBColor(219, 109, 40) };

struct Ink {
    light: RGBColor,
    dark: RGBColor,
}

/// The drawing of some ratios, top to bottom, as SVG.
///
/// # Errors
///
/// What plotters says; for no ratio at all, and for one that is no positive number.
pub(crate) fn ratios(bars: &[Bar]) -> Result<String, String> {
    if bars.is_empty() {
        return Err("there is no ratio to be drawn".to_owned());
    }
    if let Some(bar) = bars.iter().find(|bar| !(bar.value.is_finite() && bar.value > 0.0)) {
        return Err(format!("{}: the ratio {} cannot be drawn", bar.label, bar.value));
    }
    let mut svg = String::new();
    draw(bars, &mut svg).map_err(|error| error.to_string())?;
    Ok(themed(&svg))
}

fn draw(bars: &[Bar], svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let rows = bars.len();
    let height = rows as u32 * BAR + AXIS + 2 * MARGIN;
    let area = SVGBackend::with_string(svg, (WIDTH, height)).into_drawing_area();
    area.fill(&BACKGROUND.light)?;
    // Room beside the longest bars for their values, and at least a tenth to either side of one.
    let least = bars.iter().map(|bar| bar.value).fold(0.8, f64::min) / 3.0;
    let most = bars.iter().map(|bar| bar.value).fold(1.25, f64::max) * 3.0;
    let mut chart = ChartBuilder::on(&area)
        .margin(MARGIN)
        .y_label_area_size(LABELS)
        .x_label_area_size(AXIS)
        .build_cartesian_2d((least..most).log_scale(), (0..rows - 1).into_segmented())?;
    let text = ("sans-serif", 13).into_font().color(&TEXT.light);
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(rows)
        .y_label_formatter(&|at| match at {
            // From the bottom up.
            SegmentValue::CenterOf(at) => bars.iter().rev().nth(*at).map(|bar| bar.label.clone()).unwrap_or_default(),
            _ => String::new(),
        })
        .x_labels(6)
        .x_label_formatter(&|value| format!("{value} ×"))
        .label_style(text.clone())
        .axis_style(GRID.light)
        .bold_line_style(GRID.light)
        .light_line_style(TRANSPARENT)
        .draw()?;
    for (at, bar) in bars.iter().rev().enumerate() {
        let ink = if bar.missed { MISSED } else { FINE };
        let corners = [(1.0, SegmentValue::Exact(at)), (bar.value, SegmentValue::Exact(at + 1))];
        let mut rectangle = Rectangle::new(corners, ink.light.filled());
        rectangle.set_margin(4, 4, 0, 0);
        chart.draw_series([rectangle])?;
        // The value stands beyond the bar's end.
        let (side, gap) = if bar.value < 1.0 { (HPos::Right, -5) } else { (HPos::Left, 5) };
        let style = text.pos(Pos::new(side, VPos::Center));
        let place = (bar.value, SegmentValue::CenterOf(at));
        let value = crate::Unit::Times.show(bar.value);
        chart.draw_series([EmptyElement::at(place) + Text::new(value, (gap, 0), style)])?;
    }
    let one = [(1.0, SegmentValue::Exact(0)), (1.0, SegmentValue::Exact(rows))];
    chart.draw_series([PathElement::new(one, TEXT.light)])?;
    area.present()?;
    Ok(())
}

/// The drawing with other colours where the page is dark: a style sheet wins over colours that are attributes.
fn themed(svg: &str) -> String {
    let mut style = String::from("<style>@media (prefers-color-scheme: dark) {");
    for ink in [BACKGROUND, TEXT, GRID, FINE, MISSED] {
        let (light, dark) = (hex(ink.light), hex(ink.dark));
        style.push_str(&format!(" [fill=\"{light}\"] {{ fill: {dark} }} [stroke=\"{light}\"] {{ stroke: {dark} }}"));
    }
    style.push_str(" }</style>");
    // Behind the opening tag.
    match svg.find('>') {
        Some(end) => format!("{}\n{style}{}", &svg[..=end], &svg[end + 1..]),
        None => svg.to_owned(),
    }
}

/// As plotters writes colours.
fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, value: f64, missed: bool) -> Bar {
        Bar { label: label.to_owned(), value, missed }
    }

    #[test]
    fn each_ratio_has_its_label_its_value_and_a_colour_for_either_page() {
        let svg = ratios(&[bar("load: ours / theirs", 23.0, true), bar("call & reply", 0.25, false)]).unwrap();
        for part in ["load: ours / theirs", "23.0 ×", "call &amp; reply", "0.25 ×"] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        for ink in [BACKGROUND, TEXT, GRID, FINE, MISSED] {
            let attribute = format!("=\"{}\"", hex(ink.light));
            assert!(svg.matches(&attribute).count() > 2, "{attribute} is used, and not only in the style: {svg}");
        }
    }

    #[test]
    fn what_is_no_ratio_is_refused_with_its_name() {
        assert!(ratios(&[]).is_err());
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(ratios(&[bar("odd", value, false)]).unwrap_err().contains("odd"));
        }
    }
}
