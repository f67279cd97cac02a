//! What must be right before GTK and WebKit wake up; on Windows and macOS nothing has to be.

/// Refuses, in words, to start without a screen (GTK would panic), and sees to a renderer that fits this computer.
#[cfg(not(target_os = "linux"))]
pub(crate) fn prepare() -> Result<(), &'static str> {
    Ok(())
}

/// Refuses, in words, to start without a screen (GTK would panic), and sees to a renderer that fits this computer.
#[cfg(target_os = "linux")]
pub(crate) fn prepare() -> Result<(), &'static str> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") {
        return Err("Stream Console needs a desktop session to open its window. \
             On a machine without one, run stream-console-headless.");
    }
    if !is_set(PLAIN_RENDERER) && !has_gpu() {
        start_again_with_plain_renderer();
    }
    Ok(())
}

/// Makes WebKitGTK draw without DMABUF: without a GPU that costs a third of the processor time, and no window stays
/// blank for want of a driver.
#[cfg(target_os = "linux")]
const PLAIN_RENDERER: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

#[cfg(target_os = "linux")]
fn has_gpu() -> bool {
    let devices = std::fs::read_dir("/dev/dri").into_iter().flatten().flatten();
    devices.map(|device| device.file_name()).any(|name| name.to_string_lossy().starts_with("renderD"))
}

/// Replaces this process by itself with the variable set: setting it in place is not sound once there are threads.
#[cfg(target_os = "linux")]
fn start_again_with_plain_renderer() {
    use std::os::unix::process::CommandExt;

    if let Ok(program) = std::env::current_exe() {
        // exec returns only if it failed; then the window is drawn the slower way, which is still right.
        let _ = std::process::Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(PLAIN_RENDERER, "1")
            .exec();
    }
}
