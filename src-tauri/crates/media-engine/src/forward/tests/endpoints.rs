//! Endpoints that do not let a stream in.

use super::*;

pub(super) async fn listener() -> (TcpListener, PublishTarget) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let target = target(listener.local_addr().expect("an address"));
    (listener, target)
}

/// Serves one caller by the engine's own server until it asks to publish.
pub(super) async fn until_publish(listener: TcpListener) -> (TcpStream, ServerConnection) {
    let (mut socket, _) = listener.accept().await.expect("a caller");
    let mut connection = ServerConnection::new(ServerConfig::default(), [1; 1528]);
    let mut received = BytesMut::new();
    loop {
        assert_ne!(socket.read_buf(&mut received).await.expect("read"), 0);
        connection.receive(&mut received).expect("RTMP");
        while let Some(event) = connection.poll_event() {
            if matches!(event, ServerEvent::PublishRequested(_)) {
                return (socket, connection);
            }
        }
        while let Some(bytes) = connection.poll_transmit() {
            socket.write_all(&bytes).await.expect("written");
        }
    }
}

async fn tried(target: &PublishTarget) -> Result<(), ForwardError> {
    timeout(SOON, try_target(target, &options())).await.expect("in time")
}

#[tokio::test]
async fn a_name_without_an_address() {
    let target = PublishTarget::parse("rtmp://name.invalid/live", KEY).expect("a target");
    assert_eq!(tried(&target).await, Err(ForwardError::Dns));
}

#[tokio::test]
async fn nobody_listens() {
    let (listener, target) = listener().await;
    drop(listener);
    assert_eq!(tried(&target).await, Err(ForwardError::Refused));
}

#[tokio::test]
async fn nobody_answers() {
    let (_listener, target) = listener().await;
    let options = ForwardOptions { connect_timeout: Duration::from_millis(200), ..options() };
    let found = timeout(SOON, try_target(&target, &options)).await.expect("in time");
    assert_eq!(found, Err(ForwardError::TimedOut));
}

#[tokio::test]
async fn something_else_answers() {
    let (listener, target) = listener().await;
    let answer = async {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("written");
        socket
    };
    let (found, _socket) = tokio::join!(tried(&target), answer);
    assert_eq!(found, Err(ForwardError::Handshake));
}

#[tokio::test]
async fn it_hangs_up_during_the_handshake() {
    let (listener, target) = listener().await;
    let hang_up = async { drop(listener.accept().await) };
    let (found, ()) = tokio::join!(tried(&target), hang_up);
    assert_eq!(found, Err(ForwardError::Handshake));
}

#[tokio::test]
async fn a_refused_key_is_told_in_its_words() {
    let (listener, target) = listener().await;
    let refuse = async {
        let (mut socket, mut connection) = until_publish(listener).await;
        connection.reject_publish("Your key is over.");
        while let Some(bytes) = connection.poll_transmit() {
            socket.write_all(&bytes).await.expect("written");
        }
        socket
    };
    let (found, _socket) = tokio::join!(tried(&target), refuse);
    assert_eq!(found, Err(ForwardError::PublishRejected { description: "Your key is over.".to_owned() }));
}

#[tokio::test]
async fn hanging_up_is_an_answer_to_publishing_too() {
    let (listener, target) = listener().await;
    let hang_up = async { drop(until_publish(listener).await) };
    let (found, ()) = tokio::join!(tried(&target), hang_up);
    assert_eq!(found, Err(ForwardError::ClosedAtPublish));
}

#[tokio::test]
async fn an_endpoint_that_lets_it_in_is_left_again() {
    let (listener, target) = listener().await;
    let accept = async {
        let (mut socket, mut connection) = until_publish(listener).await;
        connection.accept_publish();
        let mut received = BytesMut::new();
        loop {
            while let Some(bytes) = connection.poll_transmit() {
                socket.write_all(&bytes).await.expect("written");
            }
            if connection.poll_event() == Some(ServerEvent::PublishEnded) {
                return;
            }
            assert_ne!(socket.read_buf(&mut received).await.expect("read"), 0, "a goodbye first");
            connection.receive(&mut received).expect("RTMP");
        }
    };
    let (found, ()) = tokio::join!(tried(&target), accept);
    assert_eq!(found, Ok(()));
}

#[tokio::test]
async fn a_closed_connection_ends_the_push_and_says_after_how_long() {
    let (listener, target) = listener().await;
    let stream = stream();
    let mut pushed = Pushed::start(&stream, target, options());
    let (mut socket, mut connection) = timeout(SOON, until_publish(listener)).await.expect("in time");
    connection.accept_publish();
    while let Some(bytes) = connection.poll_transmit() {
        socket.write_all(&bytes).await.expect("written");
    }
    assert_eq!(pushed.next().await, ForwardEvent::Accepted);
    assert!(pushed.forward.stats().accepted);
    drop(socket);
    assert!(matches!(pushed.next().await, ForwardEvent::Ended(ForwardError::Closed { .. })));
    assert!(!pushed.forward.stats().accepted);
}

#[tokio::test]
async fn a_push_that_is_dropped_lets_go_of_its_connection() {
    let (listener, target) = listener().await;
    let pushed = Pushed::start(&stream(), target, options());
    let (mut socket, _) = timeout(SOON, listener.accept()).await.expect("in time").expect("a caller");
    drop(pushed);
    let mut rest = Vec::new();
    // Closed with or without a reset, as long as it is closed.
    let _ = timeout(SOON, socket.read_to_end(&mut rest)).await.expect("closed in time");
}
