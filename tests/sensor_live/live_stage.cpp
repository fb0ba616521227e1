#include "live_stage.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sensor/ebpf/object.h"

namespace mailvigil::sensor {

namespace {

Seen copy_of(const Event& event) {
    Seen seen;
    seen.event_class = event.event_class;
    seen.action = event.event_action();
    seen.outcome = event.event_outcome();
    seen.path = event.file_path();
    seen.target = event.file_target_path();
    seen.executable = event.process_executable();
    seen.name = event.process_name();
    seen.entity = event.process_entity_id();
    seen.message = event.event_class == EventClass::gap ? event.gap_reason() : event.message();
    for (const std::string_view argument : event.process_args()) {
        seen.args.emplace_back(argument);
    }
    for (const std::string_view program : event.process_ancestry()) {
        seen.ancestry.emplace_back(program);
    }
    seen.pid = event.process_pid();
    seen.parent = event.process_parent_pid();
    seen.user = event.user_id();
    seen.inode = event.file_inode();
    seen.count = event.has(Field::event_count) ? event.event_count() : 1;
    seen.port = event.destination_port();
    seen.lost = event.gap_lost();
    seen.time = event.time;
    return seen;
}

}  // namespace

std::string LiveStage::obstacle() {
    if (::geteuid() != 0) {
        return "not root";
    }
    if (::access("/dev/loop-control", R_OK) != 0) {
        return "no loop devices";
    }
    static const std::string kWhy = [] {
        auto object = ebpf::Object::load();
        return object ? std::string() : object.error().message;
    }();
    return kWhy;
}

LiveStage::LiveStage(std::size_t megabytes) {
    // Mounts of the test are nobody else's, and gone with it.
    EXPECT_EQ(::unshare(CLONE_NEWNS), 0);
    EXPECT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    std::string pattern = (std::filesystem::temp_directory_path() / "vigil-live-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    image_ = folder_ + "/image";
    root_ = folder_ + "/fs";
    std::filesystem::create_directory(root_);
    EXPECT_EQ(shell(fmt::format(
                  "truncate -s {}M {} && mkfs.ext4 -q -F -N 60000 {}", megabytes, image_, image_)),
              0);
    EXPECT_EQ(shell(fmt::format("mount -o loop {} {}", image_, root_)), 0);
    struct stat status{};
    EXPECT_EQ(::stat(root_.c_str(), &status), 0);
    device_ =
        "/dev/" + std::filesystem::path(
                      std::filesystem::read_symlink(fmt::format(
                          "/sys/dev/block/{}:{}", major(status.st_dev), minor(status.st_dev))))
                      .filename()
                      .string();
    std::filesystem::create_directories(mail());
}

LiveStage::~LiveStage() {
    sensors_.reset();
    ::umount2(root_.c_str(), MNT_DETACH);
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
}

void LiveStage::watch(const std::function<void(WatchPlan&)>& more) {
    WatchPlan plan;
    plan.places.push_back({.path = mail()});
    if (more) {
        more(plan);
    }
    auto sensors = open_sensors(plan, {});
    ASSERT_TRUE(sensors) << sensors.error().message;
    sensors_ = std::move(*sensors);
    first_seen_ = settle();
}

void LiveStage::drain(std::vector<Seen>& seen) {
    EventBatch batch;
    bool more = true;
    while (more) {
        more = sensors_->drain(batch);
        for (const Event& event : batch.events()) {
            seen.push_back(copy_of(event));
        }
        batch.clear();
    }
}

std::vector<Seen> LiveStage::collect(const std::function<bool(const std::vector<Seen>&)>& until,
                                     std::chrono::milliseconds patience) {
    std::vector<Seen> seen;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!until(seen) && std::chrono::steady_clock::now() < end) {
        sensors_->wait(std::chrono::milliseconds(50));
        drain(seen);
    }
    return seen;
}

std::vector<Seen> LiveStage::settle(std::chrono::milliseconds time) {
    return collect([](const std::vector<Seen>&) { return false; }, time);
}

void LiveStage::make_cold() {
    ::sync();
    EXPECT_EQ(shell(fmt::format("umount {} && mount -o loop {} {}", root_, image_, root_)), 0);
}

pid_t LiveStage::in_child(const std::function<void()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        body();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return child;
}

int LiveStage::shell(const std::string& line) {
    return std::system(line.c_str());  // NOLINT(bugprone-command-processor): a test's own line
}

void LiveStage::write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
}

}  // namespace mailvigil::sensor
