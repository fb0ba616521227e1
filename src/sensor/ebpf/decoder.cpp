#include "sensor/ebpf/decoder.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/path_map.h"
#include "sensor/inode_search.h"

namespace mailvigil::sensor::ebpf {

namespace {

constexpr std::uint32_t kFileType = 0170000;
constexpr std::uint32_t kPipe = 0010000;
constexpr std::uint32_t kSocket = 0140000;

constexpr std::array<std::string_view, mv_hook_count> kHooks = {"open",
                                                                "openat",
                                                                "openat2",
                                                                "creat",
                                                                "open_by_handle_at",
                                                                "pidfd_getfd",
                                                                "read",
                                                                "mmap",
                                                                "page fault",
                                                                "direct read",
                                                                "was open",
                                                                "was open for writing"};

constexpr std::array<EventClass, mv_class_count> kClasses = {EventClass::file_open,
                                                             EventClass::file_write,
                                                             EventClass::file_write,
                                                             EventClass::file_create,
                                                             EventClass::file_open,
                                                             EventClass::file_read,
                                                             EventClass::file_open};

template <class Record>
bool copy_record(std::span<const std::byte> bytes, Record& record) {
    if (bytes.size() < sizeof(Record)) {
        return false;
    }
    std::memcpy(&record, bytes.data(), sizeof(Record));
    return true;
}

/// Takes `size` bytes off the front; what is not there is left out.
std::string_view take(std::string_view& text, std::size_t size) {
    const std::string_view part = text.substr(0, size);
    text.remove_prefix(part.size());
    return part;
}

std::string_view to_end(std::string_view text) {
    return text.substr(0, text.find('\0'));
}

std::vector<std::string> split(std::string_view text, std::size_t count_max) {
    std::vector<std::string> parts;
    while (!text.empty() && parts.size() < count_max) {
        parts.emplace_back(to_end(text));
        text.remove_prefix(std::min(text.size(), parts.back().size() + 1));
    }
    return parts;
}

std::vector<std::string> streams_of(const mv_exec& exec) {
    std::vector<std::string> streams;
    for (std::size_t i = 0; i < 3; ++i) {
        const std::uint32_t type = exec.standard_mode[i] & kFileType;
        if (type == kPipe || type == kSocket) {
            streams.push_back(fmt::format(
                "{} {}:[{}]", i, type == kPipe ? "pipe" : "socket", exec.standard_inode[i]));
        }
    }
    return streams;
}

}  // namespace

void Decoder::exec(const mv_exec& exec, std::string_view text, EventBatch& batch) {
    constexpr std::size_t kArgumentsMax = 2048;
    Image image;
    image.executable = join_names(take(text, exec.exe_bytes));
    const std::uint16_t notes = exec.head.notes;
    if ((notes & (mv_note_exe_deleted | mv_note_exe_memory)) != 0) {
        image.executable += " (deleted)";
    }
    image.working_directory = join_names(take(text, exec.cwd_bytes));
    if (image.working_directory.empty()) {
        image.working_directory = "/";
    }
    normalise_path(image.working_directory, to_end(take(text, exec.file_bytes)), image.named);
    image.args = split(take(text, exec.argument_bytes), kArgumentsMax);
    image.args_cut = (notes & mv_note_args_cut) != 0;
    if (exec.output_bytes != 0) {
        image.output = join_names(take(text, exec.output_bytes));
        image.output_key = {exec.standard_inode[1], exec.standard_device[1]};
        image.output_mode = exec.standard_mode[1];
    }
    const auto pipe = [&](std::size_t stream) {
        return (exec.standard_mode[stream] & kFileType) == kPipe ? exec.standard_inode[stream] : 0;
    };
    image.input_pipe = pipe(0);
    image.output_pipe = pipe(1);
    image.terminal.assign(exec.tty, ::strnlen(exec.tty, sizeof(exec.tty)));
    image.streams = streams_of(exec);
    image.mode = exec.exe_mode;
    image.owner = exec.exe_owner;
    image.mount_namespace = exec.mount_namespace;
    image.pid_namespace = exec.pid_namespace;
    const Life& life = world_.processes.exec(exec.head.who, std::move(image));
    Event& event = start_event(
        world_, life, EventClass::process_start, world_.clock.time(exec.head.time), batch);
    event.set_event_action("execve");
    set_image(world_, life, event, batch.arena());
    const std::uint64_t input = world_.processes.image(life).input_pipe;
    if (input != 0 && mail_pipes_.contains(input)) {
        feed(life, 0);
    }
}

// What the process writes into a pipe goes on to whoever reads it: who does so now, and who comes.
void Decoder::carry(const Life& life, int depth) {
    const std::uint64_t pipe = world_.processes.image(life).output_pipe;
    if (pipe == 0 || depth >= kPipelineMax || !world_.plan.plan().taint) {
        return;
    }
    const PlanPlace* program = world_.plan.find(FileKey{life.who.exe_inode, life.who.exe_device});
    if (program != nullptr && (program->what & watch::kBoundary) != 0) {
        return;
    }
    if (mail_pipes_.size() >= kPipesMax) {
        mail_pipes_.clear();
    }
    if (mail_pipes_.insert(pipe).second) {
        world_.processes.for_each_reader(pipe,
                                         [&](const Life& reader) { feed(reader, depth + 1); });
    }
}

void Decoder::feed(const Life& life, int depth) {
    const Image& image = world_.processes.image(life);
    world_.carriers.emplace_back(life.who.tgid, life.who.start);
    if (!image.output.empty()) {
        fed_.push_back({.who = life.who,
                        .image_mode = image.output_mode,
                        .executable = image.executable,
                        .path = image.output,
                        .key = image.output_key});
        world_.derived.push_back(image.output_key);
    }
    carry(life, depth);
}

bool Decoder::give_fed(EventBatch& batch) {
    for (; !fed_.empty() && !batch.full(); fed_.pop_front()) {
        const Fed& fed = fed_.front();
        const Life* known = world_.processes.find(fed.who.tgid);
        Life unknown;
        unknown.who = fed.who;
        const bool same = known != nullptr && is_same_life(*known, fed.who);
        const std::uint64_t now = BootClock::now();
        const std::uint64_t time = same && known->ended != 0 ? std::min(known->ended, now) : now;
        Event& event = start_event(world_,
                                   same ? *known : unknown,
                                   EventClass::file_write,
                                   world_.clock.time(time),
                                   batch);
        event.set_event_action(kHooks[mv_hook_carried]);
        event.set_process_executable(batch.arena().copy(fed.executable));
        set_file(
            fed.path, {.key = fed.key, .mode = fed.image_mode, .owner = 0}, event, batch.arena());
        event.remove(Field::file_owner_id);
        event.set_file_open_flags(O_WRONLY);
        ++counts_.events;
    }
    return !fed_.empty();
}

// Told as the audit log does: the parent is the actor, the child a number.
void Decoder::fork(const mv_fork& fork, EventBatch& batch) {
    const mv_who& child = fork.head.who;
    world_.processes.fork(child);
    const Life* parent = world_.processes.find(child.parent);
    if (parent == nullptr) {
        return;  // of a process that nobody knows; the child's own events name it
    }
    Event& event = start_event(
        world_, *parent, EventClass::process_start, world_.clock.time(fork.head.time), batch);
    event.set_event_action("fork");
    event.set_process_child_pid(child.tgid);
}

bool Decoder::find_path(const mv_file& file, std::string_view names, std::string& path) {
    const FileKey key{file.inode, file.device};
    if (file.file_class == mv_class_block) {
        path = join_names(names);
        return true;
    }
    if ((file.head.notes & mv_note_disconnected) != 0) {
        if (const PlanPlace* known = world_.plan.find(key)) {
            path = known->path;
            return true;
        }
        switch (find_by_inode(world_.plan, key, path)) {
            case InodeSearch::found:
                world_.plan_grew =
                    world_.plan.add_way_in({.path = path,
                                            .real = {},
                                            .what = watch::kRead | watch::kWrite | watch::kTaint,
                                            .key = key}) ||
                    world_.plan_grew;
                return true;
            case InodeSearch::elsewhere:
                return false;
            case InodeSearch::given_up:
                return true;
        }
    }
    if ((file.head.notes & mv_note_absolute) != 0) {
        path = join_names(names);
        return true;
    }
    if (const std::string_view place = world_.plan.path_of(file.plan); place != "/") {
        path = place;
    }
    path += join_names(names);
    return true;
}

Event& Decoder::give_file(const mv_file& file,
                          std::string_view path,
                          const Life& life,
                          Timestamp time,
                          EventBatch& batch) {
    Event& event = start_event(world_, life, kClasses[file.file_class], time, batch);
    event.set_event_action(kHooks[file.hook]);
    set_file(path,
             {.key = {file.inode, file.device}, .mode = file.mode, .owner = file.owner},
             event,
             batch.arena());
    if (file.hook < mv_hook_read || file.hook > mv_hook_direct) {
        event.set_file_open_flags(file.flags);
    }
    if (file.file_class == mv_class_block) {
        event.set_message("the device below a watched file system was opened");
    }
    return event;
}

void Decoder::file(const mv_file& file, std::string_view text, EventBatch& batch) {
    if (file.file_class >= mv_class_count || file.hook >= mv_hook_count) {
        ++counts_.malformed;
        return;
    }
    std::string path;
    if (!find_path(file, text.substr(0, file.names_bytes), path)) {
        return;
    }
    const Life& life = world_.processes.touch(file.head.who);
    if ((file.watch & mv_watch_taint) != 0 && file.hook != mv_hook_snapshot &&
        (file.file_class == mv_class_open || file.file_class == mv_class_update ||
         file.file_class == mv_class_read)) {
        carry(life, 0);
    }
    const bool together = (file.head.notes & mv_note_by_directory) != 0;
    world_.told.note(
        {.file = {together ? file.directory_inode : file.inode, file.device},
         .pid = file.head.who.tgid,
         .event_class = kClasses[file.file_class],
         .scope = together ? ToldChanges::Scope::directory : ToldChanges::Scope::file});
    if ((file.head.notes & mv_note_unsummed) == 0 &&
        !sums_.add(key_of(file),
                   {.file = file,
                    .path = path,
                    .executable = world_.processes.image(life).executable,
                    .given = 1})) {
        ++counts_.repeated;
        return;
    }
    give_file(file, path, life, world_.clock.time(file.head.time), batch);
}

// As the audit log has it: who was refused was trying.
void Decoder::denied(const mv_denied& denied, std::string_view text, EventBatch& batch) {
    const std::string base = join_names(take(text, denied.base_bytes));
    std::string path;
    normalise_path(base, to_end(take(text, denied.file_bytes)), path);
    const std::string name = world_.plan.plan_name(path);
    const PlanPlace* place = world_.plan.find(std::string_view(name));
    const bool writes = (denied.flags & O_ACCMODE) != O_RDONLY;
    if (place == nullptr || denied.hook >= mv_hook_count ||
        (place->what & (writes ? watch::kWrite : watch::kRead | watch::kList)) == 0) {
        return;
    }
    const Life& life = world_.processes.touch(denied.head.who);
    Event& event = start_event(world_,
                               life,
                               writes ? EventClass::file_write : EventClass::file_open,
                               world_.clock.time(denied.head.time),
                               batch);
    event.set_event_action(kHooks[denied.hook]);
    event.set_event_outcome("failure");
    event.set_event_reason("permission denied");
    event.set_file_path(batch.arena().copy(name));
    event.set_file_open_flags(denied.flags);
}

void Decoder::connect(const mv_connect& connect, EventBatch& batch) {
    constexpr std::uint32_t kTcp = 6;
    const Life& life = world_.processes.touch(connect.head.who);
    Event& event = start_event(
        world_, life, EventClass::network_connection, world_.clock.time(connect.head.time), batch);
    event.set_event_action(connect.protocol == kTcp ? "connect" : "sendto");
    const bool inet = connect.family == 4;
    event.set_network_transport(inet ? "inet" : "inet6");
    IpAddress address;
    if (inet) {
        address = IpAddress::v4((std::uint32_t{connect.address[0]} << 24U) |
                                (std::uint32_t{connect.address[1]} << 16U) |
                                (std::uint32_t{connect.address[2]} << 8U) |
                                std::uint32_t{connect.address[3]});
    } else {
        std::copy_n(connect.address, 16, address.bytes.begin());
    }
    event.set_destination_ip(address);
    event.set_destination_port(connect.port);
}

void Decoder::decode(std::span<const std::byte> record, EventBatch& batch) {
    ++counts_.records;
    mv_head head{};
    if (!copy_record(record, head) || head.size != record.size()) {
        ++counts_.malformed;
        return;
    }
    const std::size_t before = batch.events().size();
    std::string_view text;
    if (record.size() > MV_TEXT_OFFSET) {
        text = {reinterpret_cast<const char*>(record.data()) + MV_TEXT_OFFSET,
                record.size() - MV_TEXT_OFFSET};
    }
    bool good = false;
    if (head.kind == mv_kind_exec) {
        mv_exec row{};
        good = copy_record(record, row);
        good ? exec(row, text, batch) : void();
    } else if (head.kind == mv_kind_fork) {
        mv_fork row{};
        good = copy_record(record, row);
        good ? fork(row, batch) : void();
    } else if (head.kind == mv_kind_file) {
        mv_file row{};
        good = copy_record(record, row);
        good ? file(row, text, batch) : void();
    } else if (head.kind == mv_kind_denied) {
        mv_denied row{};
        good = copy_record(record, row);
        good ? denied(row, text, batch) : void();
    } else if (head.kind == mv_kind_connect) {
        mv_connect row{};
        good = copy_record(record, row);
        good ? connect(row, batch) : void();
    } else if (head.kind == mv_kind_exit) {
        mv_exit row{};
        good = copy_record(record, row);
        if (good) {
            world_.processes.exit(head.who, head.time);
            world_.ended.push_back({head.who, head.time, row.code});
        }
    } else if (head.kind == mv_kind_mount) {
        good = true;
        world_.mounts_changed = true;
        world_.mounted_by = head.who;
    }
    counts_.malformed += good ? 0 : 1;
    counts_.events += batch.events().size() - before;
}

void Decoder::give_count(const Told& told,
                         std::uint64_t count,
                         std::uint64_t last,
                         EventBatch& batch) {
    const mv_who& who = told.file.head.who;
    const Life* known = world_.processes.find(who.tgid);
    Life then;
    if (known != nullptr && is_same_life(*known, who)) {
        then = *known;
    }
    then.who = who;
    Event& event = give_file(told.file, told.path, then, world_.clock.time(last), batch);
    if (!told.executable.empty()) {
        event.set_process_executable(batch.arena().copy(told.executable));
    }
    event.set_event_count(count);
    ++counts_.events;
}

void Decoder::give_untold(const mv_sum_key& key, const mv_sum& sum, EventBatch& batch) {
    const Life* known = world_.processes.find(key.tgid);
    mv_file file{};
    file.head.who.tgid = key.tgid;
    file.head.who.start = key.start;
    if (known != nullptr && known->who.start == key.start) {
        file.head.who = known->who;
    }
    file.inode = key.inode;
    file.directory_inode = key.directory_inode;
    file.device = key.device;
    file.file_class = std::min<std::uint32_t>(key.file_class, mv_class_block);
    file.hook = mv_hook_openat;
    const Told told{.file = file, .path = {}, .executable = {}, .given = sum.count};
    give_count(told, sum.count, sum.last, batch);
    sums_.add(key, told);
}

void Decoder::give_exit(const EndedProcess& ended, EventBatch& batch) {
    const Life* known = world_.processes.find(ended.who.tgid);
    Life unknown;
    unknown.who = ended.who;
    const bool same = known != nullptr && is_same_life(*known, ended.who);
    Event& event = start_event(world_,
                               same ? *known : unknown,
                               EventClass::process_exit,
                               world_.clock.time(ended.time),
                               batch);
    event.set_event_action("exit_group");
    event.set_process_exit_code((ended.code >> 8) & 0xff);
    ++counts_.events;
}

}  // namespace mailvigil::sensor::ebpf
