// Names: what is created, renamed, linked, removed and changed in the watched places, by a mark on
// the whole file system. The kernel's tracepoints do not tell names without a race; this does, and
// it tells the pid, which the process table knows even when the process is gone.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/fd.h"
#include "base/path_map.h"
#include "sensor/feed/roster.h"
#include "sensor/inode_search.h"
#include "sensor/name_event.h"
#include "sensor/proc_file.h"
#include "sensor/world.h"

namespace mailvigil::sensor::feed {

namespace {

// linux/fanotify.h; Debian 12's headers may be older than the kernel.
constexpr std::uint32_t kReportNames = 0x00000200 | 0x00000400 | 0x00000800 | 0x00001000;
constexpr std::uint64_t kRename = 0x10000000;
constexpr std::uint64_t kNameEvents =
    FAN_CREATE | FAN_DELETE | kRename | FAN_ATTRIB | FAN_CLOSE_WRITE | FAN_ONDIR;

constexpr std::size_t kBufferBytes = 256 * 1024;
/// Directories whose names are remembered by their handles.
constexpr std::size_t kDirectoriesMax = 8192;
/// Events that wait to be given; more are left in the kernel's queue.
constexpr std::size_t kWaitingMax = 16'384;
/// Searches for the watched name of a file that got a second one, in a second.
constexpr int kSearchesMax = 20;

struct Directory {
    std::string path;  ///< empty: gone, or out of reach
    FileKey key;
    std::uint32_t what = 0;  ///< what is watched of it
};

struct FileSystem {
    std::string path;  ///< of a directory on it
    Fd mount;          ///< that directory while events are looked at: it must not keep it mounted
};

struct Waiting {
    EventClass event_class = EventClass::gap;
    std::string_view action;
    std::string path;
    std::string target;
    FileFacts facts;
    std::uint32_t pid = 0;
    std::uint64_t count = 1;
};

class FanotifyFeed final : public Feed {
  public:
    FanotifyFeed(World& world, Fd queue)
        : world_(world), queue_(std::move(queue)), buffer_(kBufferBytes) {}

    [[nodiscard]] int fd() const override { return queue_.number(); }

    bool drain(EventBatch& batch) override {
        if (waiting_.empty()) {
            take();
        }
        for (; !waiting_.empty(); waiting_.pop_front()) {
            if (batch.full()) {
                return true;
            }
            give(waiting_.front(), batch);
        }
        together_.clear();
        if (overflowed_ && !batch.full()) {
            overflowed_ = false;
            const Timestamp now = world_.clock.time(BootClock::now());
            give_gap({.reason = "the queue of the fanotify sensor was full",
                      .start = world_.clock.time(taken_before_),
                      .end = now},
                     batch);
        }
        return more_;
    }

    Result<> update() override {
        mark_file_systems();
        directories_.clear();
        return {};
    }

    void mark_file_systems();

    [[nodiscard]] bool watches_any() const { return !file_systems_.empty(); }

    [[nodiscard]] FeedCounts counts() const override { return counts_; }

    [[nodiscard]] std::vector<Limitation> limitations() const override { return limitations_; }

  private:
    void take();
    void on_event(const NameEvent& event);
    void on_rename(const NameEvent& event, const Waiting& draft);
    void on_create(Waiting draft, const Directory& directory);
    void on_moved(const Waiting& moved, const Directory& from, const Directory& to);
    Directory& directory_of(const HandleName& name);
    FileFacts facts_of(const NameEvent& event);
    void queue(Waiting waiting, const Directory& directory);
    void give(const Waiting& waiting, EventBatch& batch);
    void follow_link(const Waiting& created);
    bool may_search();

    World& world_;
    Fd queue_;
    std::vector<std::byte> buffer_;
    std::unordered_map<std::uint64_t, FileSystem> file_systems_;
    std::unordered_map<std::string, Directory> directories_;
    std::deque<Waiting> waiting_;
    /// Events of one process in one Maildir that are told together: where they wait.
    std::unordered_map<std::string, std::size_t> together_;
    std::vector<Limitation> limitations_;
    FeedCounts counts_;
    std::uint64_t taken_before_ = BootClock::now();
    std::uint64_t search_second_ = 0;
    int searches_ = 0;
    std::uint32_t links_ = 0;
    bool overflowed_ = false;
    bool more_ = false;
};

bool is_maildir_part(std::string_view directory) {
    const std::string_view name = base_name(directory);
    return name == "cur" || name == "new" || name == "tmp";
}

std::string joined(std::string_view directory, std::string_view name) {
    if (name.empty() || name == ".") {
        return std::string(directory);
    }
    return fmt::format("{}{}{}", directory, directory == "/" ? "" : "/", name);
}

/// The handle's object, opened for looking at only.
Fd open_handle(FileSystem& file_system, std::string handle) {
    if (!file_system.mount) {
        file_system.mount =
            Fd(::open(file_system.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    return Fd(::open_by_handle_at(file_system.mount.number(),
                                  reinterpret_cast<file_handle*>(handle.data()),
                                  O_PATH | O_CLOEXEC));
}

void FanotifyFeed::mark_file_systems() {
    constexpr std::uint32_t kWanted = watch::kNames | watch::kAttribute | watch::kWrite;
    limitations_.clear();
    for (const PlanPlace& place : world_.plan.places()) {
        if (place.key.inode == 0 || (place.what & kWanted) == 0) {
            continue;
        }
        const std::string folder =
            place.is_directory ? place.path : place.path.substr(0, place.path.rfind('/') + 1);
        struct statfs facts{};
        if (::statfs(folder.c_str(), &facts) != 0) {
            continue;
        }
        std::uint64_t id = 0;
        std::memcpy(&id, &facts.f_fsid, sizeof(id));
        if (file_systems_.contains(id)) {
            continue;
        }
        FileSystem row{.path = folder, .mount = {}};
        const unsigned flags = FAN_MARK_ADD | FAN_MARK_FILESYSTEM;
        if (::fanotify_mark(queue_.number(), flags, kNameEvents, AT_FDCWD, folder.c_str()) != 0) {
            limitations_.push_back(
                {fmt::format("fanotify on {}: {}", folder, std::strerror(errno)),
                 "names that are created, renamed and removed there are not seen"});
            continue;
        }
        file_systems_.emplace(id, std::move(row));
    }
}

void FanotifyFeed::take() {
    const std::uint64_t now = BootClock::now();
    more_ = false;
    while (waiting_.size() < kWaitingMax) {
        const ssize_t bytes = ::read(queue_.number(), buffer_.data(), buffer_.size());
        if (bytes <= 0) {
            taken_before_ = now;
            break;
        }
        parse_name_events({buffer_.data(), static_cast<std::size_t>(bytes)},
                          [&](const NameEvent& event) { on_event(event); });
    }
    more_ = waiting_.size() >= kWaitingMax;
    for (auto& [id, file_system] : file_systems_) {
        file_system.mount = {};
    }
}

Directory& FanotifyFeed::directory_of(const HandleName& name) {
    std::string key(reinterpret_cast<const char*>(&name.file_system), sizeof(name.file_system));
    key += name.handle;
    const auto known = directories_.find(key);
    if (known != directories_.end()) {
        return known->second;
    }
    if (directories_.size() >= kDirectoriesMax) {
        directories_.clear();
    }
    Directory& directory = directories_[key];
    const auto file_system = file_systems_.find(name.file_system);
    if (file_system == file_systems_.end()) {
        return directory;
    }
    const Fd open = open_handle(file_system->second, name.handle);
    struct stat facts{};
    if (!open || ::fstat(open.number(), &facts) != 0) {
        return directory;
    }
    directory.key = {facts.st_ino, kernel_device(facts.st_dev)};
    const std::string real = read_link(fmt::format("/proc/self/fd/{}", open.number()));
    directory.path = world_.plan.plan_name(real);
    if (const PlanPlace* place = world_.plan.find(std::string_view(directory.path))) {
        directory.what = place->what;
    } else if (const PlanPlace* moved = world_.plan.find(directory.key)) {
        directory.path = moved->path;
        directory.what = moved->what;
    }
    return directory;
}

FileFacts FanotifyFeed::facts_of(const NameEvent& event) {
    FileFacts facts;
    links_ = 0;
    const auto file_system = file_systems_.find(event.file.file_system);
    if (event.file.handle.empty() || file_system == file_systems_.end()) {
        return facts;
    }
    const Fd open = open_handle(file_system->second, event.file.handle);
    struct stat status{};
    if (open && ::fstat(open.number(), &status) == 0) {
        facts = {.key = {status.st_ino, kernel_device(status.st_dev)},
                 .mode = status.st_mode,
                 .owner = status.st_uid};
        links_ = static_cast<std::uint32_t>(status.st_nlink);
    }
    return facts;
}

// A Maildir's server renames and removes by the thousand: of one process, directory and class in
// one go, one event tells all.
void FanotifyFeed::queue(Waiting waiting, const Directory& directory) {
    if ((directory.what & watch::kByFile) == 0 &&
        ((directory.what & watch::kByDirectory) != 0 || is_maildir_part(directory.path))) {
        const std::string key = fmt::format("{} {} {} {}",
                                            waiting.pid,
                                            directory.key.inode,
                                            directory.key.device,
                                            std::to_underlying(waiting.event_class));
        const auto [known, fresh] = together_.try_emplace(key, waiting_.size());
        if (!fresh && known->second < waiting_.size()) {
            ++waiting_[known->second].count;
            return;
        }
    }
    waiting_.push_back(std::move(waiting));
}

void FanotifyFeed::on_event(const NameEvent& event) {
    ++counts_.records;
    if ((event.mask & FAN_Q_OVERFLOW) != 0) {
        overflowed_ = true;
        ++counts_.dropped;
        return;
    }
    if (event.pid == ::getpid() || event.place.handle.empty()) {
        return;
    }
    Waiting draft;
    draft.pid = static_cast<std::uint32_t>(std::max(event.pid, 0));
    if ((event.mask & kRename) != 0) {
        on_rename(event, draft);
        return;
    }
    const Directory directory = directory_of(event.place);
    draft.path = joined(directory.path, event.place.name);
    // A file may be in the plan alone, without its directory.
    const PlanPlace* place = world_.plan.find(std::string_view(draft.path));
    const std::uint32_t what = directory.path.empty() || place == nullptr ? 0 : place->what;
    const bool is_new = (event.mask & FAN_CREATE) != 0;
    if (what == 0 && !is_new) {
        return;
    }
    draft.facts = facts_of(event);
    if (what == 0) {
        if (links_ > 1 && S_ISREG(draft.facts.mode)) {
            follow_link(draft);
        }
        return;
    }
    if (is_new && (what & watch::kNames) != 0) {
        on_create(draft, directory);
    }
    const auto told = [&](EventClass event_class) {
        return world_.told.knows(
                   {.file = draft.facts.key, .pid = draft.pid, .event_class = event_class}) ||
               world_.told.knows({.file = directory.key,
                                  .pid = draft.pid,
                                  .event_class = event_class,
                                  .scope = ToldChanges::Scope::directory});
    };
    if ((event.mask & FAN_CLOSE_WRITE) != 0 && (what & watch::kWrite) != 0 && !is_new &&
        !told(EventClass::file_write) && !told(EventClass::file_create)) {
        draft.event_class = EventClass::file_write;
        draft.action = "close after writing";
        queue(draft, directory);
    }
    // Links and removals change the count of links: an event about the file without a name.
    if ((event.mask & FAN_ATTRIB) != 0 && (what & watch::kAttribute) != 0 && !is_new &&
        (event.mask & FAN_DELETE) == 0 && !event.place.name.empty()) {
        draft.event_class = EventClass::file_attribute;
        draft.action = "attributes";
        queue(draft, directory);
    }
    if ((event.mask & FAN_DELETE) != 0 && (what & watch::kNames) != 0) {
        draft.event_class = EventClass::file_unlink;
        draft.action = (event.mask & FAN_ONDIR) != 0 ? "rmdir" : "unlink";
        queue(draft, directory);
    }
}

void FanotifyFeed::on_create(Waiting draft, const Directory& directory) {
    const bool told =
        world_.told.knows(
            {.file = draft.facts.key, .pid = draft.pid, .event_class = EventClass::file_create}) ||
        (S_ISREG(draft.facts.mode) && world_.told.knows({.file = directory.key,
                                                         .pid = draft.pid,
                                                         .event_class = EventClass::file_create,
                                                         .scope = ToldChanges::Scope::directory}));
    world_.plan_replaced = world_.plan_replaced ||
                           std::ranges::any_of(world_.plan.plan().places, [&](const auto& asked) {
                               return asked.path == draft.path;
                           });
    if (told) {
        return;
    }
    draft.event_class = EventClass::file_create;
    draft.action = "create";
    if (S_ISDIR(draft.facts.mode)) {
        draft.action = "mkdir";
    } else if (S_ISLNK(draft.facts.mode)) {
        draft.action = "symlink";
        draft.target = read_link(draft.path);
    } else if (S_ISREG(draft.facts.mode) && links_ > 1) {
        // The old name comes first, as in the audit log.
        draft.event_class = EventClass::file_link;
        draft.action = "link";
        draft.target = std::exchange(draft.path, {});
        std::string old_name;
        if (may_search() && find_by_inode(world_.plan, draft.facts.key, old_name, draft.target) ==
                                InodeSearch::found) {
            draft.path = old_name;
        }
    }
    queue(std::move(draft), directory);
}

void FanotifyFeed::on_rename(const NameEvent& event, const Waiting& draft) {
    if ((event.mask & FAN_ONDIR) != 0) {
        directories_.clear();  // all names below it are others now
    }
    const Directory from = directory_of(event.place);
    const Directory to = directory_of(event.moved);
    Waiting moved = draft;
    moved.event_class = EventClass::file_rename;
    moved.action = "rename";
    moved.path = joined(from.path, event.place.name);
    moved.target = joined(to.path, event.moved.name);
    const PlanPlace* old_place = world_.plan.find(std::string_view(moved.path));
    const PlanPlace* new_place = world_.plan.find(std::string_view(moved.target));
    const bool watched = (old_place != nullptr && (old_place->what & watch::kNames) != 0) ||
                         (new_place != nullptr && (new_place->what & watch::kNames) != 0);
    if (!watched) {
        return;
    }
    moved.facts = facts_of(event);
    world_.plan_replaced = world_.plan_replaced ||
                           (new_place != nullptr && new_place->path == moved.target) ||
                           (old_place != nullptr && old_place->path == moved.path);
    if (old_place != nullptr && new_place == nullptr && moved.facts.key.inode != 0) {
        world_.plan_grew = world_.plan.add_way_in({.path = moved.path,
                                                   .real = {},
                                                   .what = old_place->what,
                                                   .key = moved.facts.key,
                                                   .is_directory = S_ISDIR(moved.facts.mode)}) ||
                           world_.plan_grew;
    }
    queue(std::move(moved), old_place != nullptr ? from : to);
}

bool FanotifyFeed::may_search() {
    const std::uint64_t second = BootClock::now() / 1'000'000'000;
    if (second != search_second_) {
        search_second_ = second;
        searches_ = 0;
    }
    return ++searches_ <= kSearchesMax;
}

// A second name outside, of a file that may be watched.
void FanotifyFeed::follow_link(const Waiting& created) {
    std::string old_name;
    const PlanPlace* known = world_.plan.find(created.facts.key);
    if (known != nullptr) {
        old_name = known->path;
    } else if (!may_search() ||
               find_by_inode(world_.plan, created.facts.key, old_name) != InodeSearch::found) {
        return;
    }
    const PlanPlace* place = world_.plan.find(std::string_view(old_name));
    if (place == nullptr) {
        return;
    }
    const std::uint32_t what = place->what;
    world_.plan_grew =
        world_.plan.add_way_in(
            {.path = old_name, .real = {}, .what = what, .key = created.facts.key}) ||
        world_.plan_grew;
    Waiting link = created;
    link.event_class = EventClass::file_link;
    link.action = "link";
    link.target = std::exchange(link.path, old_name);
    waiting_.push_back(std::move(link));
}

void FanotifyFeed::give(const Waiting& waiting, EventBatch& batch) {
    const Life* life = world_.processes.find_or_read(waiting.pid);
    Life unknown;
    unknown.who.tgid = waiting.pid;
    unknown.who.login_user = unknown.who.session = 0xffffffffU;
    // The queue tells no time; it is younger than its process's end.
    const std::uint64_t now = BootClock::now();
    const std::uint64_t time =
        life != nullptr && life->ended != 0 ? std::min(life->ended, now) : now;
    Event& event = start_event(world_,
                               life == nullptr ? unknown : *life,
                               waiting.event_class,
                               world_.clock.time(time),
                               batch);
    Arena& arena = batch.arena();
    event.set_event_action(waiting.action);
    set_file(waiting.path, waiting.facts, event, arena);
    if (!waiting.target.empty()) {
        event.set_file_target_path(arena.copy(waiting.target));
    }
    if (waiting.count > 1) {
        event.set_event_count(waiting.count);
    }
    ++counts_.events;
}

Result<std::unique_ptr<Feed>> open(World& world) {
    const unsigned flags = FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE |
                           FAN_UNLIMITED_MARKS | kReportNames;
    Fd queue(::fanotify_init(flags, O_RDONLY | O_CLOEXEC | O_LARGEFILE));
    if (!queue) {
        return fail(ErrorCode::unsupported,
                    fmt::format("fanotify with names (Linux 5.17) is not to be had: {}",
                                std::strerror(errno)));
    }
    auto feed = std::make_unique<FanotifyFeed>(world, std::move(queue));
    feed->mark_file_systems();
    if (!feed->watches_any() && !feed->limitations().empty()) {
        return fail(ErrorCode::unsupported, feed->limitations().front().what);
    }
    return feed;
}

constexpr Capability kCapabilities[] = {Capability::file_names};

}  // namespace

extern constinit const Sensor fanotify;
constinit const Sensor fanotify{
    .name = "fanotify",
    .summary = "names that are created, renamed, linked and removed in the watched places",
    .capabilities = kCapabilities,
    .open = open};

}  // namespace mailvigil::sensor::feed
