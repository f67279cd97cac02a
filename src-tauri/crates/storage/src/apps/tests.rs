use super::*;
use crate::testing::{an_app, package};
use session::Permission;

async fn with(numbers: &[u8]) -> Storage {
    let storage = Storage::in_memory().await.unwrap();
    for &number in numbers {
        storage.upsert_app(&an_app(number)).await.unwrap();
    }
    storage
}

#[tokio::test]
async fn apps_are_read_back_in_the_order_they_were_registered() {
    let numbers = [3, 1, 4, 2];
    let storage = with(&numbers).await;
    assert_eq!(storage.apps().await.unwrap(), numbers.map(an_app));
}

#[tokio::test]
async fn every_set_of_permissions_is_read_back() {
    let storage = with(&[]).await;
    for bits in 0..8usize {
        let granted = Permission::ALL.into_iter().enumerate().filter(|(bit, _)| bits & 1 << bit != 0);
        let permissions = granted.map(|(_, permission)| permission).collect();
        let row = AppRow { permissions, ..an_app(1) };
        storage.upsert_app(&row).await.unwrap();
        assert_eq!(storage.apps().await.unwrap(), [row]);
    }
}

#[tokio::test]
async fn a_known_app_is_replaced_in_its_place() {
    let storage = with(&[1, 2, 3]).await;
    let changed = AppRow {
        name: "Die Küche".into(),
        url: "http://[::1]:7010".into(),
        key: None,
        permissions: Permissions::NONE,
        lan_allowed: true,
        wanted: false,
        ..an_app(2)
    };
    storage.upsert_app(&changed).await.unwrap();
    assert_eq!(storage.apps().await.unwrap(), [an_app(1), changed, an_app(3)]);
    storage.upsert_app(&an_app(2)).await.unwrap();
    assert_eq!(storage.apps().await.unwrap(), [1, 2, 3].map(an_app));
}

#[tokio::test]
async fn a_removed_one_is_gone_and_the_others_stay() {
    let storage = with(&[1, 2, 3]).await;
    assert!(storage.remove_app(&package(2)).await.unwrap());
    assert!(!storage.remove_app(&package(2)).await.unwrap());
    assert_eq!(storage.apps().await.unwrap(), [1, 3].map(an_app));
    storage.upsert_app(&an_app(2)).await.unwrap();
    assert_eq!(storage.apps().await.unwrap(), [1, 3, 2].map(an_app), "a new one comes last");
}

#[tokio::test]
async fn a_digest_that_is_none_is_not_written() {
    let storage = with(&[1]).await;
    let short = sqlx::query("UPDATE apps SET key_digest = x'00'").execute(&storage.pool).await;
    assert!(short.is_err(), "it is a digest or nothing");
    assert_eq!(storage.apps().await.unwrap(), [an_app(1)]);
}

#[tokio::test]
async fn one_damaged_row_does_not_hide_the_others() {
    let storage = with(&[1, 2]).await;
    sqlx::query("UPDATE apps SET package = 'no package' WHERE package = ?")
        .bind(package(1).as_str())
        .execute(&storage.pool)
        .await
        .unwrap();
    assert_eq!(storage.apps().await.unwrap(), [an_app(2)]);
}
