//! The wasm-bindgen front: a server as a JavaScript class.
//!
//! Requests come in as `Uint8Array`; what the server has to say goes out as an *outbox*, an array in which the number of
//! a session and the bytes for it take turns, in the order of delivery. Clock and stopwatch are JavaScript's. When polls
//! happen is the caller's business: `www/src/engine/engine.ts`.

use bytes::Bytes;
use js_sys::{Array, Date, Uint8Array};
use sightline_server::{Outgoing, Server, ServerOptions, SessionOptions};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds on a clock that is never set.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn stopwatch() -> f64;
}

/// Turns a panic into a JavaScript error with its text, instead of a trap without one. The instance is lost either way.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| wasm_bindgen::throw_str(&info.to_string())));
}

/// One computing engine.
#[wasm_bindgen]
pub struct Engine {
    server: Server,
}

#[wasm_bindgen]
impl Engine {
    /// An engine without tables. `options` is JSON, `{}` for defaults; `seed` feeds `random()` in expressions.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &str, seed: u64) -> Result<Engine, JsError> {
        let options = serde_json::from_str::<ServerOptions>(options)
            .map_err(|error| JsError::new(&format!("server options: {error}")))?;
        Ok(Self {
            server: Server::new(options, seed),
        })
    }

    /// Opens a session and gives its number. `options` is JSON, `{}` for full rights.
    pub fn open_session(&mut self, options: &str) -> Result<u32, JsError> {
        let options = serde_json::from_str::<SessionOptions>(options)
            .map_err(|error| JsError::new(&format!("session options: {error}")))?;
        Ok(self.server.open_session(options))
    }

    /// Closes a session. Gives what others must hear.
    pub fn close_session(&mut self, session: u32) -> Array {
        self.timed(|server, _| server.close_session(session))
    }

    /// Handles one serialized request.
    pub fn handle(&mut self, session: u32, request: Vec<u8>) -> Array {
        self.timed(|server, now| server.handle(session, Bytes::from(request), now))
    }

    /// Whether a poll would do anything.
    pub fn needs_poll(&self) -> bool {
        self.server.needs_poll()
    }

    /// Processes changed tables. Gives the notifications.
    pub fn poll(&mut self) -> Array {
        self.timed(|server, now| server.poll(now))
    }
}

impl Engine {
    /// Runs one step of the server at the present time, and notes what it cost.
    fn timed(&mut self, step: impl FnOnce(&mut Server, f64) -> Vec<Outgoing>) -> Array {
        let started = stopwatch();
        let messages = step(&mut self.server, Date::now());
        self.server.note_usage(memory_size(), stopwatch() - started);
        outbox(messages)
    }
}

fn outbox(messages: Vec<Outgoing>) -> Array {
    let outbox = Array::new();
    for message in messages {
        outbox.push(&JsValue::from(message.session));
        outbox.push(&Uint8Array::from(message.bytes.as_slice()));
    }
    outbox
}

/// Bytes of linear memory.
fn memory_size() -> u64 {
    #[cfg(target_arch = "wasm32")]
    let pages = core::arch::wasm32::memory_size(0) as u64;
    // Off wasm the crate is only checked, never run.
    #[cfg(not(target_arch = "wasm32"))]
    let pages = 0;
    pages * 65_536
}
