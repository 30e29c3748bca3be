//! Messages on their way out, in the order in which they must arrive.

use sightline_protocol::response::ClientResp;
use sightline_protocol::{Message as _, Response, ServerError};

use crate::error::Error;

/// One serialized response and the session it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The session.
    pub session: u32,
    /// A serialized `Response`.
    pub bytes: Vec<u8>,
    /// Whether it answers no request of the present call: an update, a removal, a deletion, a late answer.
    pub notification: bool,
}

/// Collects what one call sends.
#[derive(Debug, Default)]
pub struct Outbox {
    messages: Vec<Outgoing>,
}

impl Outbox {
    /// Adds the answer to the request at hand.
    pub fn answer(&mut self, session: u32, msg_id: u32, entity_id: &str, body: ClientResp) {
        self.push(session, msg_id, entity_id, Some(body), false);
    }

    /// Adds a message to a subscriber. Only the hosted-tables notification has no body.
    pub fn notify(&mut self, session: u32, msg_id: u32, entity_id: &str, body: Option<ClientResp>) {
        self.push(session, msg_id, entity_id, body, true);
    }

    /// Adds an error answer.
    pub fn fail(&mut self, session: u32, msg_id: u32, entity_id: &str, error: &Error) {
        self.answer(
            session,
            msg_id,
            entity_id,
            ClientResp::ServerError(ServerError::from(error)),
        );
    }

    fn push(
        &mut self,
        session: u32,
        msg_id: u32,
        entity_id: &str,
        body: Option<ClientResp>,
        notification: bool,
    ) {
        let response = Response {
            msg_id,
            entity_id: entity_id.to_owned(),
            client_resp: body,
        };
        self.messages.push(Outgoing {
            session,
            bytes: response.encode_to_vec(),
            notification,
        });
    }

    /// All messages, in order.
    pub fn into_messages(self) -> Vec<Outgoing> {
        self.messages
    }
}
