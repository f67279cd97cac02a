use std::net::Ipv4Addr;

use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

mod upgraded;

/// Long enough for a loaded machine.
const SOON: Duration = Duration::from_secs(5);
const LARGE_BYTES: usize = 1 << 20;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// `/` answers the caller's address, `/never` nothing, `/large` a megabyte.
fn routes() -> Router {
    Router::new()
        .route("/", get(async |ConnectInfo(from): ConnectInfo<SocketAddr>| from.to_string()))
        .route("/never", get(std::future::pending::<String>))
        .route("/large", get(async || Bytes::from_static(&[0; LARGE_BYTES])))
}

/// One connection without a socket, so that time can be the test's own.
fn connected() -> DuplexStream {
    Door::of(routes()).connect()
}

/// A door for connections without a socket.
struct Door {
    routes: Router,
    guests: Guests,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Door {
    fn of(routes: Router) -> Self {
        Self {
            routes,
            guests: Guests::default(),
            places: Arc::new(Semaphore::new(Self::PLACES)),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    const PLACES: usize = 8;

    fn connect(&self) -> DuplexStream {
        let (socket, caller) = tokio::io::duplex(4_096);
        let free = Arc::clone(&self.places).try_acquire_owned().expect("a free place");
        let place = self.guests.enter(Ipv4Addr::LOCALHOST.into(), CancellationToken::new());
        let connection = Connection {
            socket,
            address: SocketAddr::from(([127, 0, 0, 1], 5)),
            seat: Seat { place, _free: free },
            routes: self.routes.clone(),
            tasks: self.tasks.clone(),
            stop: self.stop.clone(),
        };
        self.tasks.spawn(connection.serve());
        caller
    }

    fn taken_places(&self) -> usize {
        Self::PLACES - self.places.available_permits()
    }
}

/// A listener of its own.
struct Open {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Open {
    async fn with_places(max_connections: usize) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let task = tokio::spawn(listen(listener, routes(), max_connections, stop.clone()));
        Self { address, stop, task }
    }

    async fn connect(&self) -> Caller {
        Caller(TcpStream::connect(self.address).await.expect("a connection"))
    }
}

struct Caller(TcpStream);

impl Caller {
    async fn ask(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
        self.0.write_all(request.as_bytes()).await.expect("written");
    }

    /// What came until the text in it.
    async fn hears(&mut self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            let mut bytes = [0; 512];
            let count = timeout(SOON, self.0.read(&mut bytes)).await.expect("in time").expect("read");
            assert_ne!(count, 0, "closed after {:?}", String::from_utf8_lossy(&heard));
            heard.extend_from_slice(&bytes[..count]);
        }
        String::from_utf8(heard).expect("text")
    }

    async fn is_answered(&mut self) {
        self.ask("/").await;
        let me = self.0.local_addr().expect("an address").to_string();
        let answer = self.hears(&me).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("content-length"), "{answer}");
    }

    /// Waits for the end.
    async fn ends(&mut self) {
        let mut rest = [0; 4_096];
        while matches!(self.0.read(&mut rest).await, Ok(1..)) {}
    }

    fn is_open(&self) -> bool {
        let mut byte = [0];
        matches!(self.0.try_read(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

#[tokio::test]
async fn handlers_learn_the_callers_address_and_connections_are_kept() {
    let open = Open::with_places(4).await;
    let mut caller = open.connect().await;
    for _ in 0..3 {
        caller.is_answered().await;
    }
}

#[tokio::test]
async fn a_full_door_lets_newcomers_in_and_silent_sockets_out() {
    let open = Open::with_places(8).await;
    let mut player = open.connect().await;
    player.is_answered().await;
    let mut held = open.connect().await;
    held.ask("/never").await;
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(open.connect().await);
    }
    let mut newcomer = open.connect().await;
    newcomer.is_answered().await;
    for gone in &mut silent[..35] {
        timeout(SOON, gone.ends()).await.expect("closed in time");
    }
    assert!(silent[35..].iter().all(Caller::is_open), "as many as there is room for");
    assert!(held.is_open());
    player.is_answered().await;
}

/// Seconds until the other side hangs up.
async fn hung_up_after(caller: &mut DuplexStream) -> u64 {
    let begun = Instant::now();
    let mut rest = Vec::new();
    caller.read_to_end(&mut rest).await.expect("an end");
    begun.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_request_must_come_whole_within_ten_seconds() {
    for beginning in ["", "G", "GET / HTTP/1.1\r\nHost: h\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut caller = connected();
        caller.write_all(beginning.as_bytes()).await.expect("written");
        assert_eq!(hung_up_after(&mut caller).await, 10, "{beginning:?}");
    }
    // A byte at a time takes no longer.
    let mut caller = connected();
    let begun = Instant::now();
    caller.write_all(b"GET /").await.expect("written");
    while caller.write_all(b"a").await.is_ok() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(begun.elapsed().as_secs() <= 11);
}

#[tokio::test(start_paused = true)]
async fn a_kept_connection_rests_for_a_minute_and_half_a_request_does_not_prolong_it() {
    let mut caller = connected();
    for _ in 0..3 {
        caller.write_all(REQUEST).await.expect("written");
        let mut answer = [0; 12];
        caller.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, *b"HTTP/1.1 200");
        tokio::time::sleep(Duration::from_secs(50)).await;
        let mut rest = [0; 4_096];
        assert_ne!(caller.read(&mut rest).await.expect("the rest of it"), 0);
    }
    caller.write_all(&REQUEST[..20]).await.expect("written");
    assert_eq!(hung_up_after(&mut caller).await, 10);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_waited_for_as_long_as_it_is_taken() {
    let mut caller = connected();
    caller.write_all(&[b"GET /large", &REQUEST[5..]].concat()).await.expect("written");
    let mut some = [0; 8_192];
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(50)).await;
        caller.read_exact(&mut some).await.expect("more of the answer");
    }
    tokio::time::sleep(Duration::from_secs(61)).await;
    let mut rest = Vec::new();
    caller.read_to_end(&mut rest).await.expect("an end");
    assert!(rest.len() < LARGE_BYTES / 2, "cut off after {}", rest.len());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up_after_a_minute() {
    let mut caller = connected();
    caller.write_all(&[b"GET /never", &REQUEST[5..]].concat()).await.expect("written");
    assert_eq!(hung_up_after(&mut caller).await, 60);
}

#[tokio::test]
async fn it_speaks_http_2_to_those_who_do() {
    let open = Open::with_places(8).await;
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().expect("a client");
    let url = format!("http://{}/", open.address);
    let answer = client.get(&url).send().await.expect("an answer");
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    let held = tokio::spawn(client.get(format!("{url}never")).send());
    assert_eq!(client.get(&url).send().await.expect("an answer").status(), 200);
    open.stop.cancel();
    timeout(CLOSING_GRACE + SOON, open.task).await.expect("in time").expect("joined, with its requests");
    assert!(held.await.expect("ended").is_err());
}

#[tokio::test]
async fn closing_waits_for_answers_under_way_but_not_for_long() {
    let open = Open::with_places(2).await;
    let mut resting = open.connect().await;
    resting.is_answered().await;
    let mut held = open.connect().await;
    held.ask("/never").await;
    open.stop.cancel();
    timeout(SOON, resting.ends()).await.expect("a connection without request goes at once");
    timeout(CLOSING_GRACE + SOON, open.task).await.expect("in time").expect("joined");
    held.ends().await;
    assert!(TcpStream::connect(open.address).await.is_err(), "nobody listens any more");
}
