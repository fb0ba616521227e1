// Written pages of docs/ are what the tables say; MAILVIGIL_UPDATE=1 writes them again.
#include "house/reference.h"

#include <gtest/gtest.h>

#include "house/repository.h"
#include "testing/case_file.h"

namespace mailvigil::house {
namespace {

TEST(ReferenceTest, fields_page_is_the_field_table) {
    if (testing::updating()) {
        write_repository_text("docs/fields.md", field_reference());
    }
    EXPECT_EQ(repository_text("docs/fields.md"), field_reference())
        << "MAILVIGIL_UPDATE=1 writes docs/fields.md again";
}

}  // namespace
}  // namespace mailvigil::house
