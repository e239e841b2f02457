"""The committed model folder is whole: the manifest lists what is there, with the right digests."""

import hashlib
import json
import os
import unittest
from pathlib import Path

FOLDER = Path(os.environ.get("ETD_SOURCE_DIR", Path(__file__).parents[5])) / "clients/export/embedded/model"
LARGEST = 4 << 20  # bytes


class ModelFolder(unittest.TestCase):
    def setUp(self):
        self.manifest = json.loads((FOLDER / "manifest.json").read_text())

    def test_every_role_is_there(self):
        roles = {entry["role"] for entry in self.manifest["files"]}
        self.assertEqual(roles, {"program", "tokenizer", "tokenizer_config", "generation_config"})

    def test_digests_and_sizes(self):
        for entry in self.manifest["files"]:
            data = (FOLDER / entry["path"]).read_bytes()
            self.assertEqual(len(data), entry["size"], entry["path"])
            self.assertEqual(hashlib.sha256(data).hexdigest(), entry["sha256"], entry["path"])

    def test_the_program_is_small(self):
        self.assertLessEqual((FOLDER / "model.pte").stat().st_size, LARGEST)

    def test_special_tokens_agree(self):
        tokens = {t["content"]: t["id"] for t in json.loads((FOLDER / "tokenizer.json").read_text())["added_tokens"]}
        texts = json.loads((FOLDER / "tokenizer_config.json").read_text())
        generation = json.loads((FOLDER / "generation_config.json").read_text())
        model = json.loads((FOLDER / "config.json").read_text())
        for name in ("bos", "eos", "pad"):
            self.assertEqual(tokens[texts[f"{name}_token"]], generation[f"{name}_token_id"])
            self.assertEqual(generation[f"{name}_token_id"], model[f"{name}_token_id"])
        self.assertIn("<|assistant|>", texts["chat_template"])


if __name__ == "__main__":
    unittest.main()
