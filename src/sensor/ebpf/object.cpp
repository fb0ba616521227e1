#include "sensor/ebpf/object.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdarg>
#include <cstring>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "sensor/ebpf/embedded_object.h"
#include "sensor/ebpf/program_table.h"
#include "sensor/mount_table.h"
#include "sensor/proc_file.h"

namespace mailvigil::sensor::ebpf {

namespace {

static_assert(sizeof(mv_config) <= 4096);

/// libbpf's last words: what a failed load is told with.
thread_local std::string last_words;

int keep_words(libbpf_print_level level, const char* format, va_list arguments) {
    if (level != LIBBPF_WARN) {
        return 0;
    }
    std::array<char, 512> text{};
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    const int size = ::vsnprintf(text.data(), text.size(), format, arguments);
    last_words.assign(text.data(),
                      std::min(static_cast<std::size_t>(std::max(size, 0)), text.size() - 1));
    while (last_words.ends_with('\n')) {
        last_words.pop_back();
    }
    return 0;
}

/// A tracefs of our own that is mounted nowhere: the numbers of tracepoints are only told there.
Fd open_tracefs() {
    const Fd context(static_cast<int>(::syscall(SYS_fsopen, "tracefs", FSOPEN_CLOEXEC)));
    if (!context ||
        ::syscall(SYS_fsconfig, context.number(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) {
        return {};
    }
    return Fd(static_cast<int>(::syscall(SYS_fsmount, context.number(), FSMOUNT_CLOEXEC, 0)));
}

Fd open_cgroup_root() {
    for (const Mount& mount : read_mounts("/proc/self/mountinfo")) {
        if (mount.type == "cgroup2" && mount.root == "/") {
            return Fd(::open(mount.point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        }
    }
    return {};
}

int tracepoint_number(int tracefs, std::string_view name) {
    const Fd file(
        ::openat(tracefs, fmt::format("events/{}/id", name).c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 32> text{};
    const ssize_t bytes = file ? ::read(file.number(), text.data(), text.size()) : -1;
    int number = -1;
    if (bytes > 0) {
        std::from_chars(text.data(), text.data() + bytes, number);
    }
    return number;
}

std::string error_text(int code) {
    return code == 0 ? std::string() : std::string(std::strerror(std::abs(code)));
}

std::size_t processors() {
    const int count = ::libbpf_num_possible_cpus();
    return count < 1 ? 1 : static_cast<std::size_t>(count);
}

mv_plan_key kernel_key(const PlanPlace& place) {
    mv_plan_key key{};
    if (place.block != 0) {
        key.inode = place.block;
    } else {
        key.inode = place.key.inode;
        key.device = place.key.device;
    }
    return key;
}

}  // namespace

Result<std::unique_ptr<Object>> Object::load(Kind kind) {
    std::unique_ptr<Object> object(new Object);
    ::libbpf_set_print(keep_words);
    TRY(object->choose_and_load(kind));
    object->attach_all();
    for (const ProgramRow& row : program_rows()) {
        const bool there =
            std::ranges::find(object->attached_, row.name) != object->attached_.end();
        if (row.vital && !there) {
            return fail(
                ErrorCode::unsupported,
                fmt::format(
                    "the kernel does not take the program for {}: {}",
                    row.what,
                    object->limitations_.empty() ? last_words : object->limitations_.front().what));
        }
    }
    void* config =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, object->map("config"), 0);
    if (config == MAP_FAILED) {
        return fail(ErrorCode::unsupported, "the settings of the eBPF programs cannot be mapped");
    }
    object->config_ = static_cast<mv_config*>(config);
    object->config_->self = static_cast<std::uint32_t>(::getpid());
    const auto give = [](void* self, void* bytes, std::size_t size) {
        auto* at = static_cast<Object*>(self);
        if (!(*at->sink_)({static_cast<const std::byte*>(bytes), size})) {
            at->stopped_ = true;
            return -ENOBUFS;
        }
        return 0;
    };
    object->ring_ = ::ring_buffer__new(object->map("ring"), give, object.get(), nullptr);
    if (object->ring_ == nullptr) {
        return fail(ErrorCode::unsupported, "the ring of the eBPF programs cannot be mapped");
    }
    return object;
}

Object::~Object() {
    for (bpf_link* link : links_) {
        ::bpf_link__destroy(link);
    }
    events_.clear();
    if (ring_ != nullptr) {
        ::ring_buffer__free(ring_);
    }
    if (config_ != nullptr) {
        ::munmap(config_, 4096);
    }
    if (object_ != nullptr) {
        ::bpf_object__close(object_);
    }
}

bool Object::try_load(std::string_view bytes,
                      std::span<const std::string_view> programs,
                      std::string& why) {
    bpf_object_open_opts options{};
    options.sz = sizeof(options);
    options.object_name = "mailvigil";
    bpf_object* object = ::bpf_object__open_mem(bytes.data(), bytes.size(), &options);
    if (object == nullptr) {
        why = error_text(errno);
        return false;
    }
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object) {
        const bool wanted =
            std::ranges::find(programs, std::string_view(::bpf_program__name(program))) !=
            programs.end();
        ::bpf_program__set_autoload(program, wanted);
    }
    const int error = ::bpf_object__load(object);
    if (error != 0) {
        why = error_text(error);
        ::bpf_object__close(object);
        return false;
    }
    object_ = object;
    return true;
}

// All at once where the kernel takes them all; else each is tried alone, and those that were taken
// are loaded together.
Result<> Object::choose_and_load(Kind kind) {
    std::vector<std::string_view> all;
    for (const ProgramRow& row : program_rows()) {
        all.push_back(row.name);
    }
    std::string why;
    const auto objects = embedded_objects();
    for (const std::string_view bytes : objects) {
        const bool allowed = kind == Kind::any || bytes == objects.back();
        if (allowed && try_load(bytes, all, why)) {
            return {};
        }
    }
    const std::string_view vital[] = {"on_exec", "exit_openat"};
    std::string_view bytes = objects.back();
    if (kind == Kind::any && try_load(objects.front(), vital, why)) {
        ::bpf_object__close(std::exchange(object_, nullptr));
        bytes = objects.front();
    }
    std::vector<std::string_view> good;
    for (const ProgramRow& row : program_rows()) {
        const std::string_view one[] = {row.name};
        if (try_load(bytes, one, why)) {
            ::bpf_object__close(std::exchange(object_, nullptr));
            good.push_back(row.name);
            continue;
        }
        limitations_.push_back(
            {fmt::format("eBPF {}: {}", row.what, why), std::string(row.consequence)});
        if (row.vital) {
            return fail(ErrorCode::unsupported,
                        fmt::format("the kernel refuses the eBPF program for {}: {} ({})",
                                    row.what,
                                    why,
                                    last_words));
        }
    }
    if (!try_load(bytes, good, why)) {
        return fail(ErrorCode::unsupported,
                    fmt::format("the kernel refuses the eBPF programs: {} ({})", why, last_words));
    }
    return {};
}

std::string Object::attach_tracepoint(bpf_program* program, std::string_view section) {
    const int number = tracepoint_number(tracefs_.number(), section.substr(section.find('/') + 1));
    if (number < 0) {
        return "no such tracepoint";
    }
    perf_event_attr attributes{};
    attributes.type = PERF_TYPE_TRACEPOINT;
    attributes.size = sizeof(attributes);
    attributes.config = static_cast<std::uint64_t>(number);
    Fd event(static_cast<int>(
        ::syscall(SYS_perf_event_open, &attributes, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
    if (!event) {
        return error_text(errno);
    }
    if (::ioctl(event.number(), PERF_EVENT_IOC_SET_BPF, ::bpf_program__fd(program)) != 0 ||
        ::ioctl(event.number(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
        return error_text(errno);
    }
    events_.push_back(std::move(event));
    return {};
}

std::string Object::attach(bpf_program* program, std::string_view section) {
    if (section.starts_with("tp/")) {
        return attach_tracepoint(program, section);
    }
    if (section.starts_with("iter/")) {
        return {};  // run on demand
    }
    bpf_link* link = nullptr;
    if (section.starts_with("cgroup/")) {
        if (!cgroup_) {
            return "no cgroup2 hierarchy is mounted";
        }
        link = ::bpf_program__attach_cgroup(program, cgroup_.number());
    } else {
        link = ::bpf_program__attach(program);
    }
    if (link == nullptr) {
        return error_text(errno);
    }
    links_.push_back(link);
    return {};
}

void Object::attach_all() {
    tracefs_ = open_tracefs();
    cgroup_ = open_cgroup_root();
    for (const ProgramRow& row : program_rows()) {
        bpf_program* program =
            ::bpf_object__find_program_by_name(object_, std::string(row.name).c_str());
        if (program == nullptr || !::bpf_program__autoload(program)) {
            continue;
        }
        const std::string why = attach(program, ::bpf_program__section_name(program));
        if (why.empty()) {
            attached_.emplace_back(row.name);
        } else {
            limitations_.push_back(
                {fmt::format("eBPF {}: {}", row.what, why), std::string(row.consequence)});
        }
    }
}

int Object::map(const char* name) const {
    return ::bpf_object__find_map_fd_by_name(object_, name);
}

int Object::fd() const {
    return ::ring_buffer__epoll_fd(ring_);
}

bool Object::consume(const Sink& sink) {
    sink_ = &sink;
    stopped_ = false;
    ::ring_buffer__consume(ring_);
    sink_ = nullptr;
    return stopped_;
}

// What was there and is not wanted any more goes; what is new comes; what stays is not away for a
// moment.
Result<> Object::replace_plan(const PlanBook& plan) const {
    const int fd = map("plan");
    std::unordered_set<FileKey, FileKeyHash> wanted;
    for (const PlanPlace& place : plan.places()) {
        const mv_plan_key key = kernel_key(place);
        if (key.inode == 0 || !wanted.insert({key.inode, key.device}).second) {
            continue;
        }
        const mv_plan_entry entry{place.what, place.id};
        if (::bpf_map_update_elem(fd, &key, &entry, BPF_ANY) != 0) {
            return fail(ErrorCode::limit,
                        fmt::format("the watch plan cannot be given to the kernel: {} ({})",
                                    error_text(errno),
                                    place.path));
        }
    }
    std::vector<mv_plan_key> stale;
    mv_plan_key key{};
    const mv_plan_key* before = nullptr;
    mv_plan_key at{};
    while (::bpf_map_get_next_key(fd, before, &key) == 0) {
        if (!wanted.contains({key.inode, key.device})) {
            stale.push_back(key);
        }
        at = key;
        before = &at;
    }
    for (const mv_plan_key& old : stale) {
        ::bpf_map_delete_elem(fd, &old);
    }
    return {};
}

void Object::set_filter_bit(std::uint64_t inode) const {
    const int fd = map("filter");
    const auto bit = static_cast<std::uint32_t>(mv_filter_bit(inode));
    const std::uint32_t word = bit / 64;
    std::uint64_t bits = 0;
    ::bpf_map_lookup_elem(fd, &word, &bits);
    bits |= std::uint64_t{1} << (bit % 64);
    ::bpf_map_update_elem(fd, &word, &bits, BPF_ANY);
}

// Bits are only ever added: the kernel side adds its own, and one too many costs a search.
void Object::set_filter(const PlanBook& plan) const {
    for (const PlanPlace& place : plan.places()) {
        if (place.is_directory || place.key.inode == 0) {
            continue;
        }
        set_filter_bit(place.key.inode);
    }
}

Result<> Object::set_plan(const PlanBook& plan) {
    const int devices = map("devices");
    std::unordered_map<std::uint32_t, std::uint32_t> wanted;
    bool files = false;
    bool blocks = false;
    for (const PlanPlace& place : plan.places()) {
        blocks = blocks || place.block != 0;
        if (place.key.inode == 0 || place.what == watch::kBoundary) {
            continue;
        }
        files = files || !place.is_directory;
        std::uint32_t& what = wanted.try_emplace(place.key.device, mv_device_files).first->second;
        what = place.is_directory ? std::uint32_t{mv_device_trees} : what;
    }
    set_filter(plan);
    for (const auto& [device, what] : wanted) {
        if (::bpf_map_update_elem(devices, &device, &what, BPF_ANY) != 0) {
            return fail(ErrorCode::limit, "too many devices are watched");
        }
    }
    TRY(replace_plan(plan));
    for (std::uint32_t key = 0, next = 0; ::bpf_map_get_next_key(devices, &key, &next) == 0;
         key = next) {
        if (!wanted.contains(next)) {
            ::bpf_map_delete_elem(devices, &next);
        }
    }
    config_->files = files ? 1 : 0;
    config_->blocks = blocks ? 1 : 0;
    config_->taint = plan.plan().taint ? 1 : 0;
    config_->connects = plan.plan().connections ? 1 : 0;
    __atomic_fetch_add(&config_->epoch, 1U, __ATOMIC_SEQ_CST);
    return {};
}

Result<> Object::list_open_files() {
    bpf_program* program = ::bpf_object__find_program_by_name(object_, "open_files");
    if (program == nullptr || !::bpf_program__autoload(program)) {
        return fail(ErrorCode::unsupported, "the kernel cannot list open files");
    }
    bpf_link* link = ::bpf_program__attach_iter(program, nullptr);
    if (link == nullptr) {
        return fail(ErrorCode::unsupported,
                    "the kernel cannot list open files: " + error_text(errno));
    }
    {
        const Fd run(::bpf_iter_create(::bpf_link__fd(link)));
        std::array<char, 4096> nothing{};
        while (run && ::read(run.number(), nothing.data(), nothing.size()) > 0) {
        }
    }
    ::bpf_link__destroy(link);
    return {};
}

void Object::add_carrier(std::uint32_t pid, std::uint64_t start) const {
    ::bpf_map_update_elem(map("tainted"), &pid, &start, BPF_ANY);
    config_->derived = 1;
}

void Object::add_derived(const FileKey& key) const {
    mv_plan_key row{};
    row.inode = key.inode;
    row.device = key.device;
    const std::uint32_t one = 1;
    ::bpf_map_update_elem(map("derived"), &row, &one, BPF_ANY);
    set_filter_bit(key.inode);
    config_->derived = 1;
}

std::vector<std::pair<mv_sum_key, mv_sum>> Object::sums() const {
    constexpr std::uint32_t kPart = 4096;
    std::vector<std::pair<mv_sum_key, mv_sum>> all;
    std::vector<mv_sum_key> keys(kPart);
    std::vector<mv_sum> values(kPart);
    std::uint32_t from = 0;
    bool first = true;
    for (bool more = true; more; first = false) {
        std::uint32_t next = 0;
        std::uint32_t count = kPart;
        const int error = ::bpf_map_lookup_batch(map("sums"),
                                                 first ? nullptr : &from,
                                                 &next,
                                                 keys.data(),
                                                 values.data(),
                                                 &count,
                                                 nullptr);
        if (error != 0 && errno != ENOENT) {
            break;
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            all.emplace_back(keys[i], values[i]);
        }
        more = error == 0;
        from = next;
    }
    return all;
}

bool Object::take_sum(const mv_sum_key& key, mv_sum& sum) const {
    const int fd = map("sums");
    if (::bpf_map_lookup_and_delete_elem(fd, &key, &sum) == 0) {
        return true;
    }
    // Kernels before 5.14 cannot do both at once.
    return ::bpf_map_lookup_elem(fd, &key, &sum) == 0 && ::bpf_map_delete_elem(fd, &key) == 0;
}

mv_counts Object::counts() const {
    std::vector<mv_counts> rows(processors());
    const std::uint32_t zero = 0;
    mv_counts sum{};
    if (::bpf_map_lookup_elem(map("counts"), &zero, rows.data()) != 0) {
        return sum;
    }
    for (const mv_counts& row : rows) {
        for (std::size_t kind = 0; kind < mv_kind_count; ++kind) {
            sum.records[kind] += row.records[kind];
            sum.dropped[kind] += row.dropped[kind];
        }
        sum.sums_full += row.sums_full;
        sum.accesses += row.accesses;
        sum.cache_misses += row.cache_misses;
    }
    return sum;
}

}  // namespace mailvigil::sensor::ebpf
