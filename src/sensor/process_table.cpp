#include "sensor/process_table.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <utility>

#include "sensor/proc_file.h"
#include "sensor/watch_plan.h"

namespace mailvigil::sensor {

namespace {

constexpr std::uint64_t kTick =
    10'000'000;  ///< USER_HZ is 100 on every architecture that we run on

std::uint64_t parse_number(std::string_view text) {
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

/// What stands behind `label` in /proc/PID/status.
std::string_view status_value(std::string_view status, std::string_view label) {
    const std::size_t at = status.find(label);
    if (at == std::string_view::npos) {
        return {};
    }
    std::string_view rest = status.substr(at + label.size());
    rest = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    return rest;
}

/// Field `index` of proc_pid_stat(5), which counts from 1 and has the name in parentheses as 2.
std::uint64_t stat_field(std::string_view stat, int index) {
    std::string_view rest = stat.substr(std::min(stat.rfind(')') + 2, stat.size()));
    for (int i = 3; i < index; ++i) {
        rest.remove_prefix(std::min(rest.find(' ') + 1, rest.size()));
    }
    return parse_number(rest.substr(0, rest.find(' ')));
}

std::vector<std::string> split_arguments(std::string_view text) {
    std::vector<std::string> args;
    while (!text.empty()) {
        const std::size_t end = text.find('\0');
        args.emplace_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return args;
}

/// tty_nr of proc_pid_stat(5) as the kernel names it: pts0, ttyS0, tty1.
std::string terminal_name(std::uint64_t number) {
    const std::uint64_t major = (number >> 8U) & 0xfffU;
    const std::uint64_t minor = (number & 0xffU) | ((number >> 12U) & 0xfff00U);
    constexpr std::uint64_t kUnix98Major = 136;
    constexpr std::uint64_t kConsoleMajor = 4;
    constexpr std::uint64_t kSerialMinor = 64;
    if (major >= kUnix98Major && major < kUnix98Major + 8) {
        return fmt::format("pts{}", (major - kUnix98Major) * 256 + minor);
    }
    if (major == kConsoleMajor) {
        return minor < kSerialMinor ? fmt::format("tty{}", minor)
                                    : fmt::format("ttyS{}", minor - kSerialMinor);
    }
    return {};
}

}  // namespace

bool is_same_life(const Life& life, const mv_who& who) {
    return life.who.tgid == who.tgid &&
           (life.who.start == who.start ||
            (life.from_proc && life.who.start / kTick == who.start / kTick));
}

std::string join_names(std::string_view names) {
    std::string path;
    while (!names.empty()) {
        std::string_view body = names;
        if (body.back() == '\0') {
            body.remove_suffix(1);
        }
        const std::size_t before = body.rfind('\0');
        const std::string_view name =
            before == std::string_view::npos ? body : body.substr(before + 1);
        path += '/';
        path += name;
        names = before == std::string_view::npos ? std::string_view() : names.substr(0, before + 1);
    }
    return path;
}

// Number 0 is the image of those of whom nothing is known.
ProcessTable::ProcessTable() {
    images_.emplace_back().uses = 1;
}

std::uint32_t ProcessTable::keep(Image image) {
    if (free_images_.empty()) {
        images_.push_back(std::move(image));
        return static_cast<std::uint32_t>(images_.size() - 1);
    }
    const std::uint32_t at = free_images_.back();
    free_images_.pop_back();
    images_[at] = std::move(image);
    return at;
}

void ProcessTable::drop(std::uint32_t image) {
    if (image != 0 && --images_[image].uses == 0) {
        images_[image] = {};
        free_images_.push_back(image);
    }
}

void ProcessTable::assign(Life& life, std::uint32_t image) {
    ++images_[image].uses;
    drop(std::exchange(life.image, image));
}

Life& ProcessTable::place(const mv_who& who) {
    if (lives_.size() >= kLivesMax && !lives_.contains(who.tgid)) {
        sweep(~std::uint64_t{0});
        if (lives_.size() >= kLivesMax) {
            drop(spare_.image);
            spare_ = {.who = who};
            return spare_;
        }
    }
    Life& life = lives_[who.tgid];
    if (!is_same_life(life, who)) {
        drop(life.image);
        life = {};
    }
    life.who = who;
    life.from_proc = false;
    return life;
}

Life& ProcessTable::exec(const mv_who& who, Image image) {
    Life& life = place(who);
    life.attributed = true;
    assign(life, keep(std::move(image)));
    return life;
}

Life& ProcessTable::fork(const mv_who& who) {
    std::uint32_t image = 0;
    bool attributed = false;
    const auto parent = lives_.find(who.parent);
    if (parent != lives_.end()) {
        image = parent->second.image;
        attributed = parent->second.attributed;
    }
    Life& life = place(who);
    life.attributed = attributed;
    assign(life, image);
    return life;
}

void ProcessTable::exit(const mv_who& who, std::uint64_t time) {
    Life& life = touch(who);
    if (life.ended == 0) {
        life.ended = time;
        ended_.emplace_back(time, who.tgid);
    }
}

Life& ProcessTable::touch(const mv_who& who) {
    const auto known = lives_.find(who.tgid);
    if (known != lives_.end() && is_same_life(known->second, who)) {
        known->second.who = who;
        known->second.from_proc = false;
        return known->second;
    }
    Life from_proc;
    Image image;
    if (read_one(who.tgid, from_proc, image) && is_same_life(from_proc, who)) {
        return exec(who, std::move(image));
    }
    ++unattributed_;
    Life& life = fork(who);
    life.attributed = false;
    return life;
}

const Life* ProcessTable::find_or_read(std::uint32_t pid) {
    if (const Life* known = find(pid)) {
        return known;
    }
    Life life;
    Image image;
    if (pid == 0 || !read_one(pid, life, image)) {
        ++unattributed_;
        return nullptr;
    }
    Life& kept = exec(life.who, std::move(image));
    kept.from_proc = true;
    return &kept;
}

const Life* ProcessTable::find(std::uint32_t pid) const {
    const auto found = lives_.find(pid);
    return found == lives_.end() ? nullptr : &found->second;
}

const Life* ProcessTable::parent(const Life& life) const {
    const Life* parent = find(life.who.parent);
    const bool older = parent != nullptr && parent->who.start / kTick <= life.who.start / kTick;
    return older && life.who.parent != life.who.tgid ? parent : nullptr;
}

void ProcessTable::sweep(std::uint64_t now) {
    while (!ended_.empty() && ended_.front().first + kKeptNs <= now) {
        const auto found = lives_.find(ended_.front().second);
        if (found != lives_.end() && found->second.ended == ended_.front().first) {
            drop(found->second.image);
            lives_.erase(found);
        }
        ended_.pop_front();
    }
}

bool ProcessTable::read_one(std::uint32_t pid, Life& life, Image& image) const {
    const std::string folder = fmt::format("/proc/{}", pid);
    const std::string stat = read_small_file(folder + "/stat");
    const std::string status = read_small_file(folder + "/status");
    if (stat.empty() || status.empty()) {
        return false;
    }
    constexpr int kParent = 4;
    constexpr int kTerminal = 7;
    constexpr int kFlags = 9;
    constexpr int kStart = 22;
    constexpr std::uint64_t kKernelThread = 0x00200000;
    if ((stat_field(stat, kFlags) & kKernelThread) != 0) {
        return false;
    }
    mv_who& who = life.who;
    who.tgid = who.tid = pid;
    who.parent = static_cast<std::uint32_t>(stat_field(stat, kParent));
    who.start = stat_field(stat, kStart) * kTick;
    const std::string_view users = status_value(status, "Uid:");
    who.user = static_cast<std::uint32_t>(parse_number(users));
    who.effective_user = static_cast<std::uint32_t>(
        parse_number(users.substr(std::min(users.find('\t') + 1, users.size()))));
    who.group = static_cast<std::uint32_t>(parse_number(status_value(status, "Gid:")));
    const auto id = [&](const char* name) {
        const std::string text = read_small_file(folder + name);
        return text.empty() ? 0xffffffffU : static_cast<std::uint32_t>(parse_number(text));
    };
    who.login_user = id("/loginuid");
    who.session = id("/sessionid");
    const std::string_view comm = status_value(status, "Name:");
    std::memcpy(who.comm, comm.data(), std::min(comm.size(), sizeof(who.comm) - 1));
    struct stat exe{};
    if (::stat((folder + "/exe").c_str(), &exe) == 0) {
        who.exe_inode = exe.st_ino;
        who.exe_device = kernel_device(exe.st_dev);
        image.mode = exe.st_mode;
        image.owner = exe.st_uid;
    }
    life.from_proc = true;
    image.executable = read_link(folder + "/exe");
    image.named = image.executable;
    image.working_directory = read_link(folder + "/cwd");
    image.terminal = terminal_name(stat_field(stat, kTerminal));
    std::string arguments = read_small_file(folder + "/cmdline");
    image.args_cut = arguments.size() > MV_ARGUMENT_BYTES;
    arguments.resize(std::min<std::size_t>(arguments.size(), MV_ARGUMENT_BYTES));
    image.args = split_arguments(arguments);
    for (int stream = 0; stream < 3; ++stream) {
        const std::string target = read_link(fmt::format("{}/fd/{}", folder, stream));
        if (target.starts_with("pipe:") || target.starts_with("socket:")) {
            image.streams.push_back(fmt::format("{} {}", stream, target));
        }
    }
    return true;
}

std::vector<std::uint32_t> ProcessTable::read_proc() {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> found;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
    while (folder != nullptr) {
        const dirent* entry = ::readdir(folder.get());
        if (entry == nullptr) {
            break;
        }
        const std::string_view name(entry->d_name);
        if (name.find_first_not_of("0123456789") != std::string_view::npos) {
            continue;
        }
        const auto pid = static_cast<std::uint32_t>(parse_number(name));
        Life life;
        Image image;
        const auto known = lives_.find(pid);
        if ((known != lives_.end() && known->second.ended == 0) || !read_one(pid, life, image)) {
            continue;
        }
        Life& kept = place(life.who);
        kept.from_proc = true;
        assign(kept, keep(std::move(image)));
        found.emplace_back(life.who.start, pid);
    }
    std::ranges::sort(found);
    std::vector<std::uint32_t> pids;
    pids.reserve(found.size());
    for (const auto& [start, pid] : found) {
        pids.push_back(pid);
    }
    return pids;
}

}  // namespace mailvigil::sensor
