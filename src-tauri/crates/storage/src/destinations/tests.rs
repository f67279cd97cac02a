use super::*;
use crate::testing::{a_destination, destination_id, package};

async fn with(numbers: &[u8]) -> Storage {
    let storage = Storage::in_memory().await.unwrap();
    for &number in numbers {
        storage.insert_destination(&a_destination(number)).await.unwrap();
    }
    storage
}

async fn order(storage: &Storage) -> Vec<DestinationId> {
    storage.destinations().await.unwrap().into_iter().map(|row| row.id).collect()
}

fn ids(numbers: &[u8]) -> Vec<DestinationId> {
    numbers.iter().map(|&number| destination_id(number)).collect()
}

#[tokio::test]
async fn destinations_are_read_back_in_the_order_they_were_added() {
    let numbers = [3, 1, 14, 15, 2];
    let storage = with(&numbers).await;
    assert_eq!(storage.destinations().await.unwrap(), numbers.map(a_destination));
}

#[tokio::test]
async fn a_destination_is_added_once() {
    let storage = with(&[1]).await;
    let again = storage.insert_destination(&a_destination(1)).await;
    assert!(matches!(again, Err(StorageError::Database(_))), "{again:?}");
    assert_eq!(order(&storage).await, ids(&[1]));
}

#[tokio::test]
async fn an_update_changes_everything_but_its_place() {
    let storage = with(&[1, 2, 3]).await;
    let changed = DestinationRow {
        name: "Die Küche".into(),
        preset: "custom".into(),
        url: "rtmp://[::1]:1936/live/x?y=z".into(),
        enabled: true,
        has_key: false,
        hold_limit_s: Some(u32::MAX),
        bandwidth_test: true,
        added_by: Some(package(2)),
        ..a_destination(2)
    };
    storage.update_destination(&changed).await.unwrap();
    assert_eq!(storage.destinations().await.unwrap(), [a_destination(1), changed, a_destination(3)]);
    storage.update_destination(&a_destination(2)).await.unwrap();
    assert_eq!(storage.destinations().await.unwrap(), [1, 2, 3].map(a_destination));
}

#[tokio::test]
async fn the_switch_is_kept_by_itself() {
    let storage = with(&[1, 2]).await;
    storage.set_destination_enabled(&destination_id(2), true).await.unwrap();
    let expected = DestinationRow { enabled: true, ..a_destination(2) };
    assert_eq!(storage.destinations().await.unwrap(), [a_destination(1), expected]);
    storage.set_destination_enabled(&destination_id(2), false).await.unwrap();
    assert_eq!(storage.destinations().await.unwrap()[1], a_destination(2));
}

#[tokio::test]
async fn the_order_is_the_users() {
    let storage = with(&[1, 2, 3, 4]).await;
    storage.order_destinations(&ids(&[3, 1, 4, 2])).await.unwrap();
    assert_eq!(order(&storage).await, ids(&[3, 1, 4, 2]));
    storage.order_destinations(&ids(&[4])).await.unwrap();
    assert_eq!(order(&storage).await, ids(&[4, 3, 1, 2]), "those not named follow as they were");
    storage.order_destinations(&[]).await.unwrap();
    assert_eq!(order(&storage).await, ids(&[4, 3, 1, 2]));
    storage.insert_destination(&a_destination(5)).await.unwrap();
    assert_eq!(order(&storage).await, ids(&[4, 3, 1, 2, 5]), "a new one comes last");
}

#[tokio::test]
async fn an_order_with_an_unknown_one_changes_nothing() {
    let storage = with(&[1, 2]).await;
    let refused = storage.order_destinations(&ids(&[2, 9, 1])).await;
    assert!(matches!(refused, Err(StorageError::NoDestination { .. })), "{refused:?}");
    assert_eq!(order(&storage).await, ids(&[1, 2]));
}

#[tokio::test]
async fn a_removed_one_is_gone_and_the_others_stay() {
    let storage = with(&[1, 2, 3]).await;
    assert!(storage.remove_destination(&destination_id(2)).await.unwrap());
    assert!(!storage.remove_destination(&destination_id(2)).await.unwrap());
    assert_eq!(order(&storage).await, ids(&[1, 3]));
    for refused in [
        storage.update_destination(&a_destination(2)).await,
        storage.set_destination_enabled(&destination_id(2), true).await,
    ] {
        assert!(matches!(refused, Err(StorageError::NoDestination { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn one_damaged_row_does_not_hide_the_others() {
    let storage = with(&[1, 2]).await;
    sqlx::query("UPDATE destinations SET destination_id = 'no id' WHERE place = 0")
        .execute(&storage.pool)
        .await
        .unwrap();
    assert_eq!(order(&storage).await, ids(&[2]));
}
