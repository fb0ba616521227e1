#include "sensor/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/strong_id.h"

namespace mailvigil::sensor {

namespace {

constexpr std::size_t kAncestorsMax = 16;

std::string_view comm_of(const mv_who& who) {
    return {who.comm, ::strnlen(who.comm, sizeof(who.comm))};
}

std::span<const std::string_view> copy_texts(const std::vector<std::string>& texts, Arena& arena) {
    const auto copies = arena.array<std::string_view>(texts.size());
    std::ranges::transform(
        texts, copies.begin(), [&](const std::string& text) { return arena.copy(text); });
    return copies;
}

/// Time and number, as the audit log has its ids; unique within a run, and across runs by the time.
std::string_view new_id(World& world, Timestamp time, Arena& arena) {
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    std::array<char, 64> text{};
    const auto end = fmt::format_to_n(
        text.data(), text.size(), "live:{}.{:03}:{}", ms / 1000, ms % 1000, ++world.sequence);
    return arena.copy({text.data(), end.size});
}

}  // namespace

Event& start_event(
    World& world, const Life& life, EventClass event_class, Timestamp time, EventBatch& batch) {
    Event& event = batch.add(event_class, time);
    Arena& arena = batch.arena();
    const mv_who& who = life.who;
    event.set_event_id(new_id(world, time, arena));
    event.set_event_outcome("success");
    event.set_process_pid(who.tgid);
    event.set_process_parent_pid(who.parent);
    std::array<char, 48> text{};
    const auto end = fmt::format_to_n(
        text.data(), text.size(), "{}-{}", who.tgid, world.clock.start_ms(who.start));
    event.set_process_entity_id(arena.copy({text.data(), end.size}));
    event.set_user_id(who.user);
    event.set_user_effective_id(who.effective_user);
    event.set_user_group_id(who.group);
    if (const std::string_view user = world.users.name(who.user); !user.empty()) {
        event.set_user_name(arena.copy(user));
    }
    if (who.login_user != kUnset) {
        event.set_login_user_id(who.login_user);
        if (const std::string_view login = world.users.name(who.login_user); !login.empty()) {
            event.set_login_user_name(arena.copy(login));
        }
    }
    if (who.session != kUnset) {
        event.set_session_id(who.session);
    }
    event.set_process_name(arena.copy(comm_of(who)));
    const Image& image = world.processes.image(life);
    if (!image.terminal.empty()) {
        event.set_process_tty(arena.copy(image.terminal));
    }
    if (!image.executable.empty()) {
        event.set_process_executable(arena.copy(image.executable));
    }
    return event;
}

void set_image(World& world, const Life& life, Event& event, Arena& arena) {
    const Image& image = world.processes.image(life);
    event.set_process_args(copy_texts(image.args, arena));
    if (!image.working_directory.empty()) {
        event.set_process_working_directory(arena.copy(image.working_directory));
    }
    if (!image.streams.empty()) {
        event.set_process_streams(copy_texts(image.streams, arena));
    }
    if (!image.named.empty()) {
        event.set_file_path(arena.copy(image.named));
    }
    if (image.named == image.executable && life.who.exe_inode != 0) {
        set_file(event.file_path(),
                 {.key = {life.who.exe_inode, life.who.exe_device},
                  .mode = image.mode,
                  .owner = image.owner},
                 event,
                 arena);
    }
    std::array<std::string_view, kAncestorsMax> ancestry{};
    std::size_t count = 0;
    for (const Life* at = world.processes.parent(life); at != nullptr && count < kAncestorsMax;
         at = world.processes.parent(*at)) {
        ancestry[count++] = world.processes.image(*at).executable;
    }
    if (count != 0) {
        const auto copies = arena.array<std::string_view>(count);
        std::transform(ancestry.begin(),
                       ancestry.begin() + static_cast<std::ptrdiff_t>(count),
                       copies.begin(),
                       [&](std::string_view program) { return arena.copy(program); });
        event.set_process_ancestry(copies);
    }
}

void set_file(std::string_view path, const FileFacts& facts, Event& event, Arena& arena) {
    if (!path.empty()) {
        event.set_file_path(arena.copy(path));
    }
    if (facts.key.inode != 0) {
        event.set_file_inode(facts.key.inode);
        event.set_file_device(arena.copy(device_text(facts.key.device)));
        event.set_file_mode(facts.mode);
        event.set_file_owner_id(facts.owner);
    }
}

void give_gap(const Loss& loss, EventBatch& batch) {
    Event& event = batch.add(EventClass::gap, loss.end);
    event.set_gap_reason(batch.arena().copy(loss.reason));
    if (loss.lost != 0) {
        event.set_gap_lost(loss.lost);
    }
    event.set_gap_start(loss.start);
    event.set_gap_end(loss.end);
}

}  // namespace mailvigil::sensor
