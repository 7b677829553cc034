import Testing

@testable import Checkpoints

/// The configuration text of OpenMMLab's tools, read as data.
@Suite struct PythonSettingsTests {
    private func read(_ text: String) -> ConfigurationValue { PythonSettings.read(text) }

    @Test func configuration() {
        let settings = read(
            """
            _base_ = ['../a.py', "b.py"]
            model = dict(
                type='RetinaNet',  # a comment, with (brackets
                pretrained=None,
                backbone=dict(
                    embed_dim=96, depths=[2, 2, 6, 2],
                    mlp_ratio=4., qk_scale=None, out_indices=(0, 1, 2, 3),
                    use_checkpoint=False, alpha=0.9, local_ws=[0, 0, 4, 1]),
                bbox_head=dict(loss_cls=dict(type='FocalLoss', alpha=0.25), num_classes=80))
            optimizer = dict(type='AdamW', lr=1e-4, paramwise_cfg=dict({'norm': dict(decay_mult=0.)}))
            """)
        let backbone = settings["model"]?["backbone"]
        #expect(backbone?["local_ws"]?.list?.map(\.integer) == [0, 0, 4, 1])
        #expect(backbone?["out_indices"]?.list?.map(\.integer) == [0, 1, 2, 3])
        #expect(backbone?["alpha"]?.double == 0.9)
        #expect(backbone?["mlp_ratio"]?.double == 4)
        #expect(backbone?["qk_scale"] == .null)
        #expect(backbone?["use_checkpoint"]?.boolean == false)
        #expect(settings["model"]?["bbox_head"]?["num_classes"]?.integer == 80)
        #expect(settings["model"]?["type"]?.string == "RetinaNet")
        #expect(settings["_base_"]?.list?.map(\.string) == ["../a.py", "b.py"])
        #expect(settings["optimizer"]?["lr"]?.double == 1e-4)
    }

    @Test func literals() {
        let settings = read(
            """
            a = {'x': -1, 2: 'two', "y": [1, (2,), (3), ()]}
            b = 'one ' 'two'
            c = '''long
            text'''
            d = 1_000
            e = +2.5e3
            f = 'it\\'s'
            """)
        #expect(settings["a"]?["x"]?.integer == -1)
        #expect(settings["a"]?["2"]?.string == "two")
        #expect(
            settings["a"]?["y"]
                == .list([.integer(1), .list([.integer(2)]), .integer(3), .list([])]))
        #expect(settings["b"]?.string == "one two")
        #expect(settings["c"]?.string == "long\ntext")
        #expect(settings["d"]?.integer == 1000)
        #expect(settings["e"]?.double == 2500)
        #expect(settings["f"]?.string == "it's")
    }

    /// What is no literal is stepped over, and nothing of it is executed.
    @Test func expressions() {
        let settings = read(
            """
            import os
            a = dict(x=os.system('rm -rf ]'), y=3 * [1, 2], z=4)
            b = [f(1, 2), 5]
            c == 3
            d = dict(**a, 7, w=6)
            lines = [x for x in range(3)]
            z = 8
            """)
        #expect(settings["a"]?["z"]?.integer == 4)
        #expect(settings["a"]?["y"] == .opaque("3 * [1, 2]"))
        #expect(settings["b"]?.list?.last?.integer == 5)
        #expect(settings["c"] == nil)
        #expect(settings["d"]?["w"]?.integer == 6)
        #expect(settings["z"]?.integer == 8)
    }

    @Test(arguments: [
        "", "=", "a", "a =", "a = [", "a = dict(", "a = dict(x", "a = dict(x=", "a = {", "a = {1",
        "a = {1:", "a = '", "a = '''", "a = [1 2", "a = )", "a = (((((((", "a = [,]", "a = 'x\n'",
        "a = dict(=1)", "a = {:1}", "\\", "a = \\",
    ])
    func damage(text: String) {
        guard case .dictionary = read(text) else {
            Issue.record("no dictionary")
            return
        }
        // What follows a damaged line is found unless an open bracket takes it in.
        let settings = read(text + "\nnext = 1\n")
        #expect(settings["next"]?.integer == 1)
    }

    /// Neither deep nor repeated nesting takes stack or time.
    @Test func hostile() {
        let deep = "a = " + String(repeating: "[", count: 30_000)
        #expect(read(deep + "\nb = 1")["b"]?.integer == 1)
        // Keys that are dictionaries, whose keys are dictionaries.
        let keys = "model = " + String(repeating: "{", count: 300_000)
        #expect(read(keys + "\nb = 1")["b"]?.integer == 1)
        let many = String(repeating: "a = [(\n", count: 9000)
        _ = read(many)
        _ = read("a = " + String(repeating: "{'a':[dict(b=(", count: 4000))
    }
}
