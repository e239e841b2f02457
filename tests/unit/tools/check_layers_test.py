"""The checker of include rules, on small trees made for it."""

import tempfile
import unittest
from pathlib import Path

from check_layers import ALLOWED, check, cycles, folder_of


class Tree(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.root = Path(self._folder.name)

    def write(self, path: str, *lines: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(lines) + "\n")

    def one_fault(self) -> str:
        faults = check(self.root)
        self.assertEqual(len(faults), 1, faults)
        return faults[0]

    def test_what_is_allowed(self):
        self.write("runtime/base/status.h", '#include "absl/status/status.h"', "#include <string>")
        self.write("runtime/tensor/shape.h", '#include "runtime/base/status.h"')
        self.write("runtime/tensor/shape.cc", '#include "runtime/tensor/shape.h"')
        self.write("tests/unit/runtime/tensor/shape_test.cc", '#include "runtime/tensor/shape.h"', "#include <gtest/gtest.h>")
        self.assertEqual(check(self.root), [])

    def test_a_lower_layer_includes_a_higher_one(self):
        self.write("runtime/base/status.h", "", '#include "runtime/tensor/shape.h"')
        self.assertEqual(self.one_fault(), "runtime/base/status.h:2: runtime/base may not include runtime/tensor")

    def test_a_backend_includes_another(self):
        self.write("backends/xnnpack/blob.cc", '#include "backends/vulkan/core/device.h"')
        self.assertIn("backends/xnnpack may not include backends/vulkan", self.one_fault())

    def test_production_includes_tests(self):
        self.write("runtime/tensor/shape.cc", '#include "tests/support/fake.h"')
        self.assertIn("production code includes tests/", self.one_fault())

    def test_an_unknown_folder(self):
        self.write("runtime/magic/wand.h", "#include <vector>")
        self.assertIn("runtime/magic: not in the table", self.one_fault())

    def test_an_include_of_an_unknown_folder(self):
        self.write("runtime/exec/method.cc", '#include "runtime/magic/wand.h"')
        self.assertIn("'runtime/magic/wand.h' is in no folder of the table", self.one_fault())

    def test_a_relative_include(self):
        self.write("runtime/tensor/shape.cc", '#include "shape.h"')
        self.assertIn("neither a path from the project's root", self.one_fault())

    def test_a_library_in_the_wrong_folder(self):
        self.write("scheduler/batch/planner.cc", "#include <grpcpp/grpcpp.h>")
        self.assertIn("scheduler/batch may not include the library header", self.one_fault())

    def test_a_test_framework_in_production_code(self):
        self.write("runtime/base/status.cc", "#include <gtest/gtest.h>")
        self.assertIn("may not include the library header", self.one_fault())

    def test_generated_headers_belong_to_their_source(self):
        self.write("daemon/service/service.h", '#include "etd/v1/etd.pb.h"')
        self.assertEqual(check(self.root), [])
        self.write("scheduler/batch/planner.h", '#include "etd/v1/etd.pb.h"')
        self.assertIn("scheduler/batch may not include proto", self.one_fault())

    def test_comments_do_not_count(self):
        self.write("runtime/base/status.h", '// #include "runtime/exec/method.h"', "/*", '#include "daemon/app/app.h"', "*/")
        self.assertEqual(check(self.root), [])

    def test_files_that_include_each_other(self):
        self.write("runtime/tensor/a.h", '#include "runtime/tensor/b.h"')
        self.write("runtime/tensor/b.h", '#include "runtime/tensor/a.h"')
        self.assertIn("files include each other: runtime/tensor/a.h → runtime/tensor/b.h → runtime/tensor/a.h", self.one_fault())

    def test_a_file_that_includes_itself(self):
        self.write("runtime/kernels/fast/add.cc", '#include "runtime/kernels/fast/add.cc"')
        self.assertEqual(check(self.root), [])

    def test_build_folders_are_not_looked_at(self):
        self.write("build/release/runtime/magic/generated.h", '#include "daemon/app/app.h"')
        self.assertEqual(check(self.root), [])


class Table(unittest.TestCase):
    def test_a_file_can_have_rules_of_its_own(self):
        self.assertEqual(folder_of("scheduler/request.h"), "scheduler/request")
        self.assertEqual(folder_of("scheduler/loop.cc"), "scheduler/loop")
        self.assertIsNone(folder_of("scheduler/other.cc"))
        self.assertIsNone(folder_of("scheduler/other/file.cc"))

    def test_the_longest_entry_wins(self):
        self.assertEqual(folder_of("backends/plugin/abi/etd_npu_plugin.h"), "backends/plugin/abi")
        self.assertEqual(folder_of("runtime/text/tokenizer/formats/hf_json.cc"), "runtime/text/tokenizer")

    def test_the_table_itself_has_no_cycle(self):
        self.assertEqual(list(cycles(ALLOWED)), [])

    def test_the_table_names_only_its_own_entries(self):
        for folder, allowed in ALLOWED.items():
            self.assertLessEqual(allowed, set(ALLOWED), folder)


if __name__ == "__main__":
    unittest.main()
