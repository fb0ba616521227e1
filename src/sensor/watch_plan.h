// WatchPlan: what the sensors are asked to report; PlanBook: where those places lie at the moment,
// by device and inode, which is how the kernel knows them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace mailvigil::sensor {

/// What is reported of a place and everything below it; a sum of bits.
namespace watch {
inline constexpr std::uint32_t kRead = 1;
inline constexpr std::uint32_t kWrite = 2;
inline constexpr std::uint32_t kList = 4;        ///< a directory is opened
inline constexpr std::uint32_t kNames = 8;       ///< created, renamed, linked, removed
inline constexpr std::uint32_t kAttribute = 16;  ///< mode, owner, times
inline constexpr std::uint32_t kTaint =
    32;  ///< who reads here carries mail: what it writes is told
inline constexpr std::uint32_t kByDirectory = 64;  ///< accesses are counted by directory
inline constexpr std::uint32_t kByFile = 128;    ///< by file. Neither: as it fits a Maildir or not
inline constexpr std::uint32_t kIgnore = 256;    ///< an exception below a watched directory
inline constexpr std::uint32_t kBoundary = 512;  ///< a program that does not carry mail on

inline constexpr std::uint32_t kChanges = kWrite | kNames | kAttribute;
inline constexpr std::uint32_t kStore = kRead | kList | kTaint | kChanges;
}  // namespace watch

struct Watched {
    std::string path;  ///< absolute; need not be there yet
    std::uint32_t what = watch::kStore;
};

struct WatchPlan {
    std::vector<Watched> places;
    std::vector<std::string> boundaries;  ///< programs: long-lived services that hold mail by trade
    bool connections = true;
    bool taint = true;
};

/// (device, inode) in the kernel's own numbering.
struct FileKey {
    std::uint64_t inode = 0;
    std::uint32_t device = 0;

    bool operator==(const FileKey&) const = default;
};

struct FileKeyHash {
    std::size_t operator()(const FileKey& key) const noexcept {
        return static_cast<std::size_t>((key.inode * 0x9e3779b97f4a7c15U) ^ key.device);
    }
};

/// A kernel device number, `major << 20 | minor`, of what stat(2) says.
std::uint32_t kernel_device(std::uint64_t st_dev);

/// "fd:01", as the audit log writes it.
std::string device_text(std::uint32_t kernel_device);

struct PlanPlace {
    std::string path;
    std::string real;  ///< without symbolic links, where that is another name
    std::uint32_t what = 0;
    FileKey key;  ///< inode 0: not there
    bool is_directory = false;
    std::uint32_t block = 0;  ///< of a block device: its own number
    std::uint32_t id = 0;     ///< what the kernel's records name it by; one path, one id, for ever
    bool way_in = false;      ///< a file's other name, a directory that was moved out
    bool derived = false;     ///< found by following mounts, links or loops, not asked for
};

class PlanBook {
  public:
    /// Places, with those that follow from them; more are counted, not watched.
    static constexpr std::size_t kPlacesMax = 200'000;
    /// Files looked at for second names at start.
    static constexpr std::size_t kFilesScannedMax = 200'000;

    static constexpr std::size_t kLooksMax = 256;

    /// Looks where everything lies now. What follows from the plan is added: file systems mounted
    /// below a watched directory, files with more than one link, the devices and images below.
    void set(const WatchPlan& plan);

    /// Looks again at everything.
    void refresh();

    /// Whether one of the next kLooksMax places lies elsewhere than it did; goes round all of them.
    bool moved();

    /// Adds what is a second way into a watched place: a file with another name, a directory that
    /// was moved out. False: known already, or full.
    bool add_way_in(PlanPlace place);

    /// `path`, in which no symbolic link is left, by the name that the plan has for it.
    [[nodiscard]] std::string plan_name(std::string_view path) const;

    [[nodiscard]] const WatchPlan& plan() const { return plan_; }

    [[nodiscard]] const std::vector<PlanPlace>& places() const { return places_; }

    /// Which path an id of the kernel's records means, also of a plan that was replaced.
    [[nodiscard]] std::string_view path_of(std::uint32_t id) const;

    /// The watched place that the path is or lies below: the nearest; null: none.
    [[nodiscard]] const PlanPlace* find(std::string_view path) const;

    [[nodiscard]] const PlanPlace* find(const FileKey& key) const;

    [[nodiscard]] std::size_t left_out() const { return left_out_; }

    /// Watched files were not all looked at for second names.
    [[nodiscard]] bool scan_was_cut() const { return scan_was_cut_; }

  private:
    void add(PlanPlace place);
    void follow_mounts();
    void follow_devices();
    void follow_links(const PlanPlace& place);

    WatchPlan plan_;
    std::vector<PlanPlace> places_;
    std::unordered_map<std::string, std::size_t> by_path_;
    std::unordered_map<FileKey, std::size_t, FileKeyHash> by_key_;
    std::unordered_map<std::string, std::uint32_t> ids_;
    std::vector<std::string> id_paths_;
    std::size_t next_look_ = 0;
    std::size_t left_out_ = 0;
    std::size_t scanned_ = 0;
    bool scan_was_cut_ = false;
};

}  // namespace mailvigil::sensor
