//! To be written.
/// Registry.
#[derive(Debug, Clone, Default)]
pub struct Registry;
impl Registry {
    /// Makes an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
    /// Renders text.
    #[must_use]
    pub fn render(&self) -> String {
        String::new()
    }
}
/// The media type.
pub const TEXT_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
