//! The scopes of one request.

use crate::observer::Scope;

/// The scopes of a request, in the order of their observers. One takes no room beside its own.
#[derive(Debug)]
pub(crate) enum Scopes {
    None,
    One(Box<dyn Scope>),
    Several(Vec<Box<dyn Scope>>),
}

impl Scopes {
    pub(crate) fn push(&mut self, scope: Box<dyn Scope>) {
        *self = match std::mem::replace(self, Self::None) {
            Self::None => Self::One(scope),
            Self::One(first) => Self::Several(vec![first, scope]),
            Self::Several(mut scopes) => {
                scopes.push(scope);
                Self::Several(scopes)
            }
        };
    }

    /// Takes the last one.
    pub(crate) fn pop(&mut self) -> Option<Box<dyn Scope>> {
        if let Self::Several(scopes) = self {
            return scopes.pop();
        }
        match std::mem::replace(self, Self::None) {
            Self::One(scope) => Some(scope),
            _ => None,
        }
    }

    pub(crate) fn all(&self) -> &[Box<dyn Scope>] {
        match self {
            Self::None => &[],
            Self::One(scope) => std::slice::from_ref(scope),
            Self::Several(scopes) => scopes,
        }
    }
}

/// Runs `code` with all scopes entered, the first one outermost.
pub(crate) fn within<T>(scopes: &[Box<dyn Scope>], code: impl FnOnce() -> T) -> T {
    let Some((outer, inner)) = scopes.split_first() else {
        return code();
    };
    let _entered = outer.enter();
    within(inner, code)
}
