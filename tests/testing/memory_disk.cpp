#include "testing/memory_disk.h"

#include <fmt/format.h>

#include <algorithm>

#include "evidence/layout.h"

namespace mailvigil::testing {

namespace {

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

std::unexpected<Error> missing(const std::string& path) {
    return fail(ErrorCode::unknown, fmt::format("cannot read {}: no such file", path));
}

}  // namespace

class MemoryFile : public AppendFile {
  public:
    MemoryFile(MemoryDisk& disk,
               std::shared_ptr<MemoryDisk::File> file,
               std::string path,
               bool lock)
        : disk_(disk), file_(std::move(file)), path_(std::move(path)), lock_(lock) {}

    ~MemoryFile() override {
        if (lock_) {
            disk_.locked_.erase(path_);
        }
    }

    Result<void> append(std::string_view bytes) override {
        if (const auto changed = disk_.change("write to", path_); !changed) {
            // A write that fails may have written a part.
            const bool dying = disk_.failed_ && disk_.within_ > 0;
            if (dying) {
                file_->bytes += bytes.substr(0, disk_.within_);
                disk_.within_ = 0;
            } else if (!disk_.failed_ && !disk_.read_only_) {
                file_->bytes += bytes.substr(0, bytes.size() / 2);
            }
            return changed;
        }
        if (disk_.capacity_ && disk_.used() + bytes.size() > *disk_.capacity_) {
            file_->bytes +=
                bytes.substr(0, *disk_.capacity_ - std::min(disk_.used(), *disk_.capacity_));
            return fail(ErrorCode::unwritable,
                        fmt::format("cannot write to {}: no space left on device", path_));
        }
        file_->bytes += bytes;
        return {};
    }

    Result<void> sync() override {
        TRY(disk_.change("sync", path_));
        file_->synced = file_->bytes;
        return {};
    }

    Result<void> truncate(std::uint64_t size) override {
        TRY(disk_.change("cut", path_));
        file_->bytes.resize(size);
        file_->synced = file_->bytes;
        return {};
    }

  private:
    MemoryDisk& disk_;
    std::shared_ptr<MemoryDisk::File> file_;
    std::string path_;
    bool lock_;
};

void MemoryDisk::fail_after(std::uint64_t changes, std::uint64_t within) {
    fails_at_ = changes_ + changes;
    within_ = within;
}

void MemoryDisk::fail_next(std::string_view what, std::string path, unsigned times) {
    failing_[{std::string(what), std::move(path)}] = times;
}

Result<void> MemoryDisk::change(std::string_view what, const std::string& path) {
    if (read_only_) {
        return fail(ErrorCode::unwritable,
                    fmt::format("cannot {} {}: read-only file system", what, path));
    }
    if (failed_ || (fails_at_ && changes_ >= *fails_at_)) {
        failed_ = true;
        return fail(ErrorCode::unwritable, fmt::format("cannot {} {}: no power", what, path));
    }
    const auto failing = failing_.find({std::string(what), path});
    if (failing != failing_.end() && failing->second > 0) {
        --failing->second;
        return fail(ErrorCode::unwritable,
                    fmt::format("cannot {} {}: input/output error", what, path));
    }
    ++changes_;
    return {};
}

std::uint64_t MemoryDisk::used() const {
    std::uint64_t sum = 0;
    for (const auto& [path, file] : names_) {
        sum += file->bytes.size();
    }
    return sum;
}

std::unique_ptr<MemoryDisk> MemoryDisk::after(PowerLoss loss) const {
    auto next = std::make_unique<MemoryDisk>();
    const bool forgets = loss == PowerLoss::forgets;
    for (const std::string& folder : folders_) {
        // Sorted: the folder that it lies in comes first.
        const std::string parent = evidence::parent_of(folder);
        if (!forgets || (synced_folders_.contains(folder) &&
                         (!folders_.contains(parent) || next->folders_.contains(parent)))) {
            next->folders_.insert(folder);
        }
    }
    next->synced_folders_ = next->folders_;
    for (const auto& [path, file] : forgets ? synced_names_ : names_) {
        if (!next->folders_.contains(folder_of(path))) {
            continue;
        }
        auto survivor = std::make_shared<File>();
        const std::size_t synced = std::min(file->synced.size(), file->bytes.size());
        switch (loss) {
            case PowerLoss::keeps:
                survivor->bytes = file->bytes;
                break;
            case PowerLoss::forgets:
                survivor->bytes = file->synced;
                break;
            case PowerLoss::tears:
                survivor->bytes = file->bytes.substr(0, synced + (file->bytes.size() - synced) / 2);
                break;
            case PowerLoss::fills_zeros:
                survivor->bytes =
                    file->bytes.substr(0, synced) + std::string(file->bytes.size() - synced, '\0');
                break;
        }
        survivor->synced = survivor->bytes;
        next->names_[path] = survivor;
    }
    next->synced_names_ = next->names_;
    return next;
}

std::string& MemoryDisk::bytes(const std::string& path) {
    return names_.at(path)->bytes;
}

std::vector<std::string> MemoryDisk::files() const {
    std::vector<std::string> paths;
    for (const auto& [path, file] : names_) {
        paths.push_back(path);
    }
    return paths;
}

void MemoryDisk::forget(const std::string& path) {
    names_.erase(path);
}

Result<std::unique_ptr<AppendFile>> MemoryDisk::open_append(const std::string& path) {
    auto found = names_.find(path);
    if (found == names_.end()) {
        TRY(change("open", path));
        found = names_.emplace(path, std::make_shared<File>()).first;
    }
    return std::make_unique<MemoryFile>(*this, found->second, path, false);
}

Result<std::string> MemoryDisk::read(const std::string& path) {
    return read(path, 0, UINT64_MAX);
}

Result<std::string> MemoryDisk::read(const std::string& path,
                                     std::uint64_t offset,
                                     std::uint64_t size) {
    const auto found = names_.find(path);
    if (found == names_.end()) {
        return missing(path);
    }
    const std::string& bytes = found->second->bytes;
    return offset >= bytes.size() ? std::string() : bytes.substr(offset, size);
}

Result<std::uint64_t> MemoryDisk::size(const std::string& path) {
    const auto found = names_.find(path);
    if (found == names_.end()) {
        return missing(path);
    }
    return found->second->bytes.size();
}

bool MemoryDisk::exists(const std::string& path) {
    // The root, and where the program stands, are there on every disk.
    return path == "/" || path == "." || names_.contains(path) || folders_.contains(path);
}

Result<void> MemoryDisk::rename(const std::string& from, const std::string& to) {
    TRY(change("rename", from));
    if (folders_.contains(from)) {
        // A folder moves with what is in it; at once durable, which is all that tests need of it.
        Names moved;
        for (const auto& [path, file] : names_) {
            const bool inside = path.starts_with(from + "/");
            moved[inside ? to + path.substr(from.size()) : path] = file;
        }
        names_ = moved;
        synced_names_ = moved;
        for (auto* const folders : {&folders_, &synced_folders_}) {
            folders->erase(from);
            folders->insert(to);
        }
        return {};
    }
    const auto found = names_.find(from);
    if (found == names_.end()) {
        return missing(from);
    }
    names_[to] = found->second;
    names_.erase(from);
    return {};
}

Result<void> MemoryDisk::remove(const std::string& path) {
    TRY(change("remove", path));
    if (names_.erase(path) == 0) {
        return missing(path);
    }
    return {};
}

Result<void> MemoryDisk::erase(const std::string& path) {
    const auto found = names_.find(path);
    if (found == names_.end()) {
        return missing(path);
    }
    TRY(change("erase", path));
    found->second->bytes.assign(found->second->bytes.size(), '\0');
    found->second->synced = found->second->bytes;
    return remove(path);
}

Result<void> MemoryDisk::make_folder(const std::string& path) {
    if (!folders_.contains(path)) {
        TRY(change("create", path));
        folders_.insert(path);
    }
    return {};
}

Result<void> MemoryDisk::sync_folder(const std::string& path) {
    TRY(change("sync", path));
    for (const std::string& folder : folders_) {
        if (evidence::parent_of(folder) == path) {
            synced_folders_.insert(folder);
        }
    }
    std::erase_if(synced_names_, [&](const auto& entry) {
        return folder_of(entry.first) == path && !names_.contains(entry.first);
    });
    for (const auto& [name, file] : names_) {
        if (folder_of(name) == path) {
            synced_names_[name] = file;
        }
    }
    return {};
}

Result<std::vector<std::string>> MemoryDisk::list(const std::string& path) {
    if (!folders_.contains(path)) {
        return missing(path);
    }
    std::vector<std::string> found;
    for (const auto& [name, file] : names_) {
        if (folder_of(name) == path) {
            found.push_back(name.substr(path.size() + 1));
        }
    }
    return found;
}

Result<std::unique_ptr<AppendFile>> MemoryDisk::lock(const std::string& path) {
    if (!locked_.insert(path).second) {
        return fail(ErrorCode::unwritable, fmt::format("{} is held by another mailvigil", path));
    }
    auto found = names_.find(path);
    if (found == names_.end()) {
        if (const auto changed = change("create", path); !changed) {
            locked_.erase(path);
            return std::unexpected(changed.error());
        }
        found = names_.emplace(path, std::make_shared<File>()).first;
    }
    return std::make_unique<MemoryFile>(*this, found->second, path, true);
}

}  // namespace mailvigil::testing
