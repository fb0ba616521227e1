#include "sensor/watch_plan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sensor/ebpf/wire.h"
#include "sensor/mount_table.h"
#include "sensor/proc_file.h"

namespace mailvigil::sensor {

namespace {

static_assert(watch::kRead == mv_watch_read && watch::kWrite == mv_watch_write &&
              watch::kList == mv_watch_list && watch::kNames == mv_watch_names &&
              watch::kAttribute == mv_watch_attribute && watch::kTaint == mv_watch_taint &&
              watch::kByDirectory == mv_watch_by_directory && watch::kByFile == mv_watch_by_file &&
              watch::kIgnore == mv_watch_ignore && watch::kBoundary == mv_watch_boundary);

PlanPlace look(std::string path, std::uint32_t what) {
    PlanPlace place{.path = std::move(path), .real = {}, .what = what, .key = {}};
    struct stat status{};
    if (::stat(place.path.c_str(), &status) == 0) {
        std::error_code error;
        const std::string real = std::filesystem::canonical(place.path, error).string();
        if (!error && real != place.path) {
            place.real = real;
        }
        place.key = {status.st_ino, kernel_device(status.st_dev)};
        place.is_directory = S_ISDIR(status.st_mode);
        if (S_ISBLK(status.st_mode)) {
            place.block = kernel_device(status.st_rdev);
        }
    }
    return place;
}

std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string_view::npos ? std::string_view("/")
                                                         : path.substr(0, slash);
}

std::string without_end_slash(std::string path) {
    while (path.size() > 1 && path.back() == '/') {
        path.pop_back();
    }
    return path;
}

std::string sys_block(std::uint32_t device) {
    return fmt::format("/sys/dev/block/{}:{}", device >> 20U, device & 0xfffffU);
}

/// "7:0\n" to a kernel device number; 0: not one.
std::uint32_t parse_device(std::string_view text) {
    unsigned major = 0;
    unsigned minor = 0;
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return 0;
    }
    for (const char c : text.substr(0, colon)) {
        major = major * 10 + static_cast<unsigned>(c - '0');
    }
    for (const char c : text.substr(colon + 1)) {
        if (c < '0' || c > '9') {
            break;
        }
        minor = minor * 10 + static_cast<unsigned>(c - '0');
    }
    return major << 20U | minor;
}

/// The device itself, the disk that it is a partition of, and what a device mapper lays it on.
void devices_below(std::uint32_t device, int depth, std::vector<std::uint32_t>& found) {
    constexpr int kDepthMax = 8;
    if (device == 0 || depth > kDepthMax || std::ranges::find(found, device) != found.end()) {
        return;
    }
    const std::string folder = sys_block(device);
    std::error_code error;
    if (!std::filesystem::exists(folder, error)) {
        return;
    }
    found.push_back(device);
    if (std::filesystem::exists(folder + "/partition", error)) {
        devices_below(parse_device(read_small_file(folder + "/../dev")), depth + 1, found);
    }
    for (const auto& slave : std::filesystem::directory_iterator(folder + "/slaves", error)) {
        devices_below(
            parse_device(read_small_file(slave.path().string() + "/dev")), depth + 1, found);
    }
}

}  // namespace

std::uint32_t kernel_device(std::uint64_t st_dev) {
    return (::gnu_dev_major(st_dev) << 20U) | ::gnu_dev_minor(st_dev);
}

std::string device_text(std::uint32_t kernel_device) {
    return fmt::format("{:02x}:{:02x}", kernel_device >> 20U, kernel_device & 0xfffffU);
}

void PlanBook::add(PlanPlace place) {
    if (places_.size() == kPlacesMax) {
        ++left_out_;
        return;
    }
    const std::size_t index = places_.size();
    const auto [known, fresh] =
        ids_.try_emplace(place.path, static_cast<std::uint32_t>(id_paths_.size() + 1));
    if (fresh) {
        id_paths_.push_back(place.path);
    }
    place.id = known->second;
    if (place.key.inode != 0) {
        by_key_.try_emplace(place.key, index);
    }
    by_path_.try_emplace(place.path, index);
    if (!place.real.empty()) {
        by_path_.try_emplace(place.real, index);
    }
    places_.push_back(std::move(place));
}

void PlanBook::set(const WatchPlan& plan) {
    const std::vector<PlanPlace> old = std::exchange(places_, {});
    plan_ = plan;
    by_path_.clear();
    by_key_.clear();
    left_out_ = 0;
    scanned_ = 0;
    scan_was_cut_ = false;
    for (const Watched& watched : plan_.places) {
        add(look(without_end_slash(watched.path), watched.what));
    }
    for (const std::string& program : plan_.boundaries) {
        add(look(program, watch::kBoundary));
    }
    follow_mounts();
    const std::vector<PlanPlace> roots = places_;
    for (const PlanPlace& place : old) {
        const bool still_there = std::ranges::any_of(roots, [&](const PlanPlace& root) {
            return root.key.device == place.key.device && root.key.inode != 0;
        });
        // Second ways in that were found stay as long as what they lead to does.
        if (place.way_in && still_there && find(std::string_view(place.path)) != nullptr) {
            add_way_in(place);
        }
    }
    for (const PlanPlace& place : roots) {
        const bool scanned = std::ranges::any_of(old, [&](const PlanPlace& before) {
            return before.path == place.path && before.key == place.key;
        });
        if (!scanned) {
            follow_links(place);
        }
    }
    follow_devices();
}

// The walk to the root of a file system ends there: what is mounted below a watched directory has a
// root of its own.
void PlanBook::follow_mounts() {
    for (const Mount& mount : read_mounts("/proc/self/mountinfo")) {
        const PlanPlace* above = find(std::string_view(mount.point));
        if (above != nullptr && above->path != mount.point && above->is_directory) {
            PlanPlace place = look(mount.point, above->what);
            place.derived = true;
            add(std::move(place));
        }
    }
}

// A file with a second name may be read under that one, where nothing is watched.
void PlanBook::follow_links(const PlanPlace& place) {
    if (!place.is_directory || (place.what & watch::kRead) == 0 ||
        (place.what & watch::kIgnore) != 0) {
        return;
    }
    std::error_code error;
    std::filesystem::recursive_directory_iterator at(
        place.path, std::filesystem::directory_options::skip_permission_denied, error);
    const std::filesystem::recursive_directory_iterator end;
    for (; !error && at != end; at.increment(error)) {
        if (++scanned_ > kFilesScannedMax) {
            scan_was_cut_ = true;
            return;
        }
        struct stat status{};
        if (::lstat(at->path().c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
            status.st_nlink > 1) {
            add_way_in({.path = at->path().string(),
                        .real = {},
                        .what = place.what,
                        .key = {status.st_ino, kernel_device(status.st_dev)}});
        }
    }
}

void PlanBook::follow_devices() {
    std::vector<std::uint32_t> devices;
    for (const PlanPlace& place : places_) {
        if (place.key.inode != 0 && (place.what & watch::kTaint) != 0) {
            devices_below(place.key.device, 0, devices);
        }
    }
    for (const std::uint32_t device : devices) {
        const std::string name =
            std::filesystem::path(read_link(sys_block(device))).filename().string();
        add({.path = "/dev/" + name,
             .real = {},
             .what = mv_watch_block,
             .key = {},
             .is_directory = false,
             .block = device,
             .derived = true});
        std::string image = read_small_file(sys_block(device) + "/loop/backing_file");
        image.erase(image.find_last_not_of('\n') + 1);
        if (!image.empty()) {
            PlanPlace place = look(image, watch::kRead | watch::kWrite | watch::kByFile);
            place.derived = true;
            add(std::move(place));
        }
    }
}

void PlanBook::refresh() {
    set(WatchPlan(plan_));
}

bool PlanBook::moved() {
    const std::size_t asked = std::min(places_.size(), plan_.places.size());
    for (std::size_t i = 0; i < std::min(kLooksMax, asked); ++i) {
        next_look_ = next_look_ + 1 < asked ? next_look_ + 1 : 0;
        const PlanPlace& known = places_[next_look_];
        if (look(known.path, known.what).key != known.key) {
            return true;
        }
    }
    return false;
}

bool PlanBook::add_way_in(PlanPlace place) {
    if (by_key_.contains(place.key) || places_.size() == kPlacesMax) {
        return false;
    }
    place.what |= place.is_directory ? 0 : watch::kByFile;
    place.derived = true;
    place.way_in = true;
    add(std::move(place));
    return true;
}

std::string PlanBook::plan_name(std::string_view path) const {
    const PlanPlace* place = find(path);
    if (place == nullptr || place->real.empty() || !path.starts_with(place->real)) {
        return std::string(path);
    }
    return place->path + std::string(path.substr(place->real.size()));
}

std::string_view PlanBook::path_of(std::uint32_t id) const {
    return id == 0 || id > id_paths_.size() ? std::string_view() : id_paths_[id - 1];
}

const PlanPlace* PlanBook::find(std::string_view path) const {
    while (!path.empty()) {
        const auto found = by_path_.find(std::string(path));
        if (found != by_path_.end()) {
            const PlanPlace& place = places_[found->second];
            return (place.what & watch::kIgnore) != 0 || place.block != 0 ? nullptr : &place;
        }
        if (path == "/") {
            break;
        }
        path = parent_of(path);
    }
    return nullptr;
}

const PlanPlace* PlanBook::find(const FileKey& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : &places_[found->second];
}

}  // namespace mailvigil::sensor
