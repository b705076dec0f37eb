//! Draws the units of a plan on a ring, with a curve for each link. On a ring, every line among thirty units can still
//! be followed, and neighbours in the plan are neighbours in the drawing.

use std::f32::consts::TAU;
use std::fmt::Write;

use super::picture::{Link, Picture};
use crate::words;

const WIDTH: f32 = 1_120.0;
const CENTRE: (f32, f32) = (WIDTH / 2.0, 410.0);
const RADIUS: f32 = 270.0;
/// Where the list below the ring begins.
const LIST: f32 = 790.0;
const ROW: f32 = 40.0;
/// The distance between labels.
const LABEL: f32 = 17.0;
/// At most this many lines for each unit are drawn. The weakest would only darken the rest.
const LINES: usize = 5;
/// How many links are listed in words.
const LISTED: usize = 15;

pub(super) fn draw(picture: &Picture<'_>) -> String {
    let listed = &picture.links[..picture.links.len().min(LISTED)];
    #[expect(clippy::cast_precision_loss, reason = "there are few rows")]
    let height = LIST + 30.0 + ROW * listed.len() as f32;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         width=\"{WIDTH}\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    heading(&mut svg, picture);
    let drawn = picture.links.len().min(LINES * picture.units.len());
    let strongest = picture.links.first().map_or(1.0, |link| link.weight);
    // The strongest last, above the others.
    for link in picture.links[..drawn].iter().rev() {
        line(&mut svg, picture, link, (link.weight / strongest).sqrt());
    }
    for (unit, label) in labels(picture).into_iter().enumerate() {
        node(&mut svg, picture, unit, label);
    }
    list(&mut svg, picture, listed);
    svg.push_str("</svg>\n");
    svg
}

fn heading(svg: &mut String, picture: &Picture<'_>) {
    let share = if picture.all > 0.0 {
        format!(
            "{:.0} % of the weight of all imports stays within units.",
            100.0 * picture.inside / picture.all
        )
    } else {
        "None of the files imports another.".to_owned()
    };
    let drawn = picture.links.len().min(LINES * picture.units.len());
    let left = match picture.links.len() - drawn {
        0 => String::new(),
        left => format!(" The {left} weakest links are not drawn."),
    };
    let _ = writeln!(
        svg,
        "<text x=\"24\" y=\"32\" font-size=\"17\" font-weight=\"600\">{}</text>\n\
         <text x=\"24\" y=\"54\" fill=\"#666\">{share}{left}</text>\n\
         <text x=\"24\" y=\"72\" fill=\"#666\">A line has the colour of the importing unit and is wider the more it \
         imports.</text>",
        words::count(picture.units.len(), "unit"),
    );
}

/// Returns the angle at which a unit stands.
#[expect(clippy::cast_precision_loss, reason = "there are few units")]
fn angle(picture: &Picture<'_>, unit: usize) -> f32 {
    TAU * (unit as f32 / picture.units.len() as f32 - 0.25)
}

fn at(angle: f32, radius: f32) -> (f32, f32) {
    (
        CENTRE.0 + radius * angle.cos(),
        CENTRE.1 + radius * angle.sin(),
    )
}

fn colour(picture: &Picture<'_>, unit: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "there are few units")]
    let hue = 360.0 * unit as f32 / picture.units.len() as f32;
    // Every second unit is darker, so that neighbours can be listed apart.
    let light = if unit.is_multiple_of(2) { 46 } else { 36 };
    format!("hsl({hue:.0}, 62%, {light}%)")
}

fn line(svg: &mut String, picture: &Picture<'_>, link: &Link, strength: f32) {
    let (from, to) = (angle(picture, link.from), angle(picture, link.to));
    let (start, end) = (at(from, RADIUS - 12.0), at(to, RADIUS - 12.0));
    // Neighbours are joined near the ring, others through the middle.
    let bend = |a: f32, b: f32, centre: f32| centre + (f32::midpoint(a, b) - centre) * 0.35;
    let middle = (
        bend(start.0, end.0, CENTRE.0),
        bend(start.1, end.1, CENTRE.1),
    );
    let _ = writeln!(
        svg,
        "<path d=\"M{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}\" fill=\"none\" stroke=\"{}\" \
         stroke-width=\"{:.1}\" stroke-opacity=\"{:.2}\" stroke-linecap=\"round\"><title>{}</title></path>",
        start.0,
        start.1,
        middle.0,
        middle.1,
        end.0,
        end.1,
        colour(picture, link.from),
        0.6 + 9.0 * strength,
        0.25 + 0.55 * strength,
        escaped(&summary(picture, link)),
    );
}

fn node(svg: &mut String, picture: &Picture<'_>, unit: usize, label: (f32, f32)) {
    let most = picture
        .units
        .iter()
        .map(|unit| unit.claim.files.len())
        .max();
    let files = picture.units[unit].claim.files.len();
    #[expect(clippy::cast_precision_loss, reason = "a radius need not be exact")]
    let radius = 4.0 + 8.0 * (files as f32 / most.unwrap_or(1).max(1) as f32).sqrt();
    let centre = at(angle(picture, unit), RADIUS);
    let anchor = if label.0 < CENTRE.0 { "end" } else { "start" };
    let _ = writeln!(
        svg,
        "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{}\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\"><title>{}</title>{} \
         <tspan fill=\"#888\">{files}</tspan></text>",
        centre.0,
        centre.1,
        colour(picture, unit),
        label.0,
        label.1 + 4.0,
        escaped(picture.units[unit].id.as_str()),
        escaped(&beginning(&picture.units[unit].title, 34)),
    );
}

/// Places each unit's label outside of the ring, far enough from the previous label in its quarter.
fn labels(picture: &Picture<'_>) -> Vec<(f32, f32)> {
    let mut labels: Vec<(f32, f32)> = (0..picture.units.len())
        .map(|unit| at(angle(picture, unit), RADIUS + 20.0))
        .collect();
    let mut outwards: Vec<usize> = (0..labels.len()).collect();
    outwards.sort_by(|a, b| {
        let height = |unit: usize| (labels[unit].1 - CENTRE.1).abs();
        height(*a).total_cmp(&height(*b))
    });
    let mut last = [-LABEL; 4];
    for unit in outwards {
        let (x, y) = labels[unit];
        let is_above = y < CENTRE.1;
        let last = &mut last[usize::from(x < CENTRE.0) * 2 + usize::from(is_above)];
        let height = (y - CENTRE.1).abs().max(*last + LABEL);
        *last = height;
        labels[unit].1 = CENTRE.1 + if is_above { -height } else { height };
    }
    labels
}

fn list(svg: &mut String, picture: &Picture<'_>, links: &[Link]) {
    if links.is_empty() {
        return;
    }
    let _ = writeln!(
        svg,
        "<text x=\"24\" y=\"{}\" font-size=\"15\" font-weight=\"600\">The strongest links between units</text>",
        LIST - 16.0
    );
    let strongest = links[0].weight;
    let mut y = LIST;
    for link in links {
        let title = |unit: usize| beginning(&picture.units[unit].title, 60);
        let more = match link.imports.len().saturating_sub(1) {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let _ = writeln!(
            svg,
            "<rect x=\"24\" y=\"{:.1}\" width=\"{:.1}\" height=\"8\" rx=\"2\" fill=\"{}\"/>\n\
             <text x=\"150\" y=\"{:.1}\">{} imports {}</text>\n\
             <text x=\"150\" y=\"{:.1}\" font-size=\"11\" fill=\"#777\">{}{more}</text>",
            y + 4.0,
            4.0 + 106.0 * link.weight / strongest,
            colour(picture, link.from),
            y + 12.0,
            escaped(&title(link.from)),
            escaped(&title(link.to)),
            y + 27.0,
            escaped(&files(link, 1)),
        );
        y += ROW;
    }
}

/// Lists the strongest imports of a link: `a → b`.
fn files(link: &Link, number: usize) -> String {
    let shown: Vec<String> = link
        .imports
        .iter()
        .take(number)
        .map(|(from, to, _)| format!("{} → {}", ending(from, 70), ending(to, 70)))
        .collect();
    shown.join(", ")
}

fn summary(picture: &Picture<'_>, link: &Link) -> String {
    format!(
        "{} imports {}: {}, such as {}",
        picture.units[link.from].title,
        picture.units[link.to].title,
        words::count(link.imports.len(), "import"),
        files(link, 3)
    )
}

/// Cuts the end off a title that is too long.
fn beginning(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
    }
}

/// Cuts the beginning off a path that is too long, because its end says more.
fn ending(path: &str, most: usize) -> String {
    let chars = path.chars().count();
    if chars <= most {
        return path.to_owned();
    }
    let end: String = path.chars().skip(chars - most).collect();
    format!("…{end}")
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}
