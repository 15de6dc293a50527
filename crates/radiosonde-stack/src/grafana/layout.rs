//! Where panels stand.
//!
//! The grid has 24 columns. Panels fill it from left to right like words a line, and a row begins a new one under its
//! title.

use serde::Serialize;

use super::dashboard::Row;

/// A place on the grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Place {
    #[serde(rename = "h")]
    pub(crate) height: u32,
    #[serde(rename = "w")]
    pub(crate) width: u32,
    pub(crate) x: u32,
    pub(crate) y: u32,
}

/// The place of a row's title, and those of its panels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) title: Place,
    pub(crate) panels: Vec<Place>,
}

/// Places rows below each other.
pub(crate) fn place(rows: &[Row]) -> Vec<Placed> {
    let mut y = 0;
    rows.iter().map(|row| place_row(row, &mut y)).collect()
}

/// Places a row at a height and moves that to its lower end.
fn place_row(row: &Row, y: &mut u32) -> Placed {
    let title = Place {
        height: 1,
        width: COLUMNS,
        x: 0,
        y: *y,
    };
    *y += title.height;
    let (mut x, mut line_height) = (0, 0);
    let mut panels = Vec::with_capacity(row.panels.len());
    for panel in &row.panels {
        let (width, height) = (u32::from(panel.width), u32::from(panel.height));
        if x + width > COLUMNS {
            (x, *y, line_height) = (0, *y + line_height, 0);
        }
        panels.push(Place {
            height,
            width,
            x,
            y: *y,
        });
        x += width;
        line_height = line_height.max(height);
    }
    *y += line_height;
    Placed { title, panels }
}

/// How many columns a dashboard has.
pub(crate) const COLUMNS: u32 = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grafana::panel::Panel;
    use crate::grafana::unit::Unit;

    #[test]
    fn panels_fill_lines_and_rows_begin_new_ones() {
        let panel = |width, height| Panel::lines("", "", Unit::Count).size(width, height);
        let rows = [
            Row::new("first", [panel(12, 8), panel(12, 6), panel(8, 4)]),
            Row::new("second", [panel(24, 5)]),
        ];

        let placed = place(&rows);

        let corners = |placed: &Placed| -> Vec<_> {
            placed
                .panels
                .iter()
                .map(|place| (place.x, place.y))
                .collect()
        };
        assert_eq!(placed[0].title.y, 0);
        assert_eq!(corners(&placed[0]), [(0, 1), (12, 1), (0, 9)]);
        assert_eq!(placed[1].title.y, 13);
        assert_eq!(corners(&placed[1]), [(0, 14)]);
    }
}
