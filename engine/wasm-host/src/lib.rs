//! The C-ABI front: a server as a WebAssembly module without any JavaScript import.
//!
//! The host allocates a buffer in linear memory, fills it and hands it over; answers come back as an outbox of
//! descriptors that the host copies out and releases. `engine/ARCHITECTURE.md` has the contract. This crate holds all
//! `unsafe` of the engine: owning memory that crosses the border, and the imports.

use std::alloc::{GlobalAlloc, Layout, System, alloc, dealloc};
use std::cell::RefCell;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use sightline_server::{Outgoing, Server, ServerOptions, SessionOptions};

/// In `flags` of [`sl_handle`]: poll before returning.
const POLL: u32 = 1;
/// In `flags` of a descriptor: the message answers no request of this call.
const NOTIFICATION: u32 = 1;

#[cfg(target_arch = "wasm32")]
mod imports {
    #[link(wasm_import_module = "host")]
    unsafe extern "C" {
        fn panic(ptr: *const u8, len: u32);
    }

    /// Tells the host why the module is about to trap.
    pub fn report_panic(text: &str) {
        // SAFETY: the host only reads `len` bytes at `ptr` during the call, and the text outlives it.
        unsafe { panic(text.as_ptr(), text.len() as u32) }
    }

    /// Bytes of linear memory.
    pub fn memory_size() -> u64 {
        core::arch::wasm32::memory_size(0) as u64 * 65_536
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod imports {
    /// Off wasm the crate is only checked, never run.
    pub fn report_panic(text: &str) {
        eprintln!("{text}");
    }

    /// Unknown off wasm.
    pub fn memory_size() -> u64 {
        0
    }
}

/// Bytes allocated and not freed.
static USED: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting: linear memory never shrinks, so its size does not tell what is in use.
struct Counting;

// SAFETY: every call is handed to the system's allocator as it is; counting touches none of the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        let ptr = unsafe { System.alloc(layout) };
        if !ptr.is_null() {
            USED.fetch_add(layout.size(), Relaxed);
        }
        ptr
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as for `alloc`.
        let ptr = unsafe { System.alloc_zeroed(layout) };
        if !ptr.is_null() {
            USED.fetch_add(layout.size(), Relaxed);
        }
        ptr
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as for `alloc`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: as for `alloc`.
        let moved = unsafe { System.realloc(ptr, layout, new_size) };
        if !moved.is_null() {
            USED.fetch_add(new_size, Relaxed);
            USED.fetch_sub(layout.size(), Relaxed);
        }
        moved
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Where one message of the outbox lies.
#[repr(C)]
struct Descriptor {
    session: u32,
    ptr: u32,
    len: u32,
    flags: u32,
}

/// The messages of the last call, alive until the host releases them.
#[derive(Default)]
struct Held {
    messages: Vec<Vec<u8>>,
    descriptors: Vec<Descriptor>,
}

#[derive(Default)]
struct Host {
    server: Option<Server>,
    held: Held,
}

thread_local! {
    static HOST: RefCell<Host> = RefCell::default();
}

impl Host {
    /// Keeps messages for the host and says where they are.
    fn hold(&mut self, messages: Vec<Outgoing>) -> u64 {
        self.held = Held::default();
        for message in messages {
            let Outgoing {
                session,
                bytes,
                notification,
            } = message;
            self.held.descriptors.push(Descriptor {
                session,
                ptr: bytes.as_ptr() as usize as u32,
                len: bytes.len() as u32,
                flags: if notification { NOTIFICATION } else { 0 },
            });
            self.held.messages.push(bytes);
        }
        let n = self.held.descriptors.len() as u64;
        if n == 0 {
            0
        } else {
            (self.held.descriptors.as_ptr() as usize as u64) << 32 | n
        }
    }

    fn server(&mut self) -> &mut Server {
        let server = self
            .server
            .as_mut()
            .expect("`sl_init` comes before every other call");
        server.note_usage(imports::memory_size(), 0.0);
        server.note_used(USED.load(Relaxed) as u64);
        server
    }
}

/// Text for the host itself: session 0, not a protocol message.
fn to_host(session: u32, text: impl Into<String>) -> Outgoing {
    Outgoing {
        session,
        bytes: text.into().into_bytes(),
        notification: false,
    }
}

fn layout(len: u32) -> Option<Layout> {
    Layout::array::<u8>(len as usize)
        .ok()
        .filter(|layout| layout.size() > 0)
}

/// Takes over a buffer that the host filled.
///
/// # Safety
/// `ptr` and `len` must come from one call of [`sl_alloc`], be filled by the host, and not be used by it again.
unsafe fn take(ptr: *mut u8, len: u32) -> Vec<u8> {
    if len == 0 {
        return Vec::new();
    }
    // SAFETY: by the caller's promise the buffer was allocated by `sl_alloc` with the layout of a `Vec<u8>` of this
    // capacity, is initialised in full, and has no other owner.
    unsafe { Vec::from_raw_parts(ptr, len as usize, len as usize) }
}

/// Memory for a request of `len` bytes; null when there is none left, or for 0 bytes.
#[unsafe(no_mangle)]
pub extern "C" fn sl_alloc(len: u32) -> *mut u8 {
    match layout(len) {
        // SAFETY: the layout is not of size zero.
        Some(layout) => unsafe { alloc(layout) },
        None => std::ptr::null_mut(),
    }
}

/// Gives back memory that was not handed over.
///
/// # Safety
/// `ptr` and `len` must come from one call of [`sl_alloc`] and not be used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sl_free(ptr: *mut u8, len: u32) {
    if let Some(layout) = layout(len) {
        // SAFETY: the caller promises that the memory came from `sl_alloc`, which used this layout.
        unsafe { dealloc(ptr, layout) }
    }
}

/// Makes the server from options in JSON. Answers nothing, or one error text.
///
/// # Safety
/// As `take`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sl_init(ptr: *mut u8, len: u32, seed: u64) -> u64 {
    std::panic::set_hook(Box::new(|info| imports::report_panic(&info.to_string())));
    // SAFETY: the caller's promise is what `take` asks for.
    let options = unsafe { take(ptr, len) };
    HOST.with_borrow_mut(
        |host| match serde_json::from_slice::<ServerOptions>(&options) {
            Ok(options) => {
                host.server = Some(Server::new(options, seed));
                0
            }
            Err(error) => host.hold(vec![to_host(0, format!("server options: {error}"))]),
        },
    )
}

/// Opens a session from options in JSON. Answers one empty message of the new session, or an error text for session 0.
///
/// # Safety
/// As `take`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sl_open_session(ptr: *mut u8, len: u32) -> u64 {
    // SAFETY: the caller's promise is what `take` asks for.
    let options = unsafe { take(ptr, len) };
    HOST.with_borrow_mut(|host| {
        let answer = match serde_json::from_slice::<SessionOptions>(&options) {
            Ok(options) => to_host(host.server().open_session(options), ""),
            Err(error) => to_host(0, format!("session options: {error}")),
        };
        host.hold(vec![answer])
    })
}

/// Closes a session. Answers what others must hear.
#[unsafe(no_mangle)]
pub extern "C" fn sl_close_session(session: u32) -> u64 {
    HOST.with_borrow_mut(|host| {
        let messages = host.server().close_session(session);
        host.hold(messages)
    })
}

/// Handles one serialized request; with bit 0 of `flags` a poll follows in the same call.
///
/// # Safety
/// As `take`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sl_handle(
    session: u32,
    ptr: *mut u8,
    len: u32,
    now_ms: f64,
    flags: u32,
) -> u64 {
    // SAFETY: the caller's promise is what `take` asks for.
    let request = unsafe { take(ptr, len) };
    HOST.with_borrow_mut(|host| {
        let server = host.server();
        let mut messages = server.handle(session, Bytes::from(request), now_ms);
        if flags & POLL != 0 && server.needs_poll() {
            messages.extend(server.poll(now_ms));
        }
        host.hold(messages)
    })
}

/// Applies what is queued. Answers the notifications.
#[unsafe(no_mangle)]
pub extern "C" fn sl_poll(now_ms: f64) -> u64 {
    HOST.with_borrow_mut(|host| {
        let messages = host.server().poll(now_ms);
        host.hold(messages)
    })
}

/// Answers a host-only command: JSON in, one JSON message for session 0 out.
///
/// # Safety
/// As `take`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sl_control(ptr: *mut u8, len: u32, now_ms: f64) -> u64 {
    // SAFETY: the caller's promise is what `take` asks for.
    let command = unsafe { take(ptr, len) };
    HOST.with_borrow_mut(|host| {
        let answer = host
            .server()
            .control(&String::from_utf8_lossy(&command), now_ms);
        host.hold(vec![to_host(0, answer)])
    })
}

/// Frees the messages of the last call, which the host has copied.
#[unsafe(no_mangle)]
pub extern "C" fn sl_release_outbox() {
    HOST.with_borrow_mut(|host| host.held = Held::default());
}
