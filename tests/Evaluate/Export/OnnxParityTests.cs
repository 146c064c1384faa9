using System.Globalization;
using System.Runtime.InteropServices;
using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Tabular;

namespace OfflineRL.Tests.Evaluate.Export;

/// <summary>Exported policies give in ONNX Runtime what they give here, head by head, on thousands of rows.</summary>
public sealed class OnnxParityTests(ITestOutputHelper output) : IDisposable
{
    const int Rows = 4096;

    readonly OnnxRuntime _runtime = new();

    static readonly DiscreteSpace Five = new(5);
    static readonly BoxSpace Eight = BoxSpace.Unbounded(8);
    static readonly BoxSpace Image = Bytes(3, 10, 10);
    static readonly BoxSpace Bounded = new([3], [-1, -2, 0], [1, 2, 0.5]);
    static readonly BoxSpace HalfBounded = new([3], [-1, double.NegativeInfinity, double.NegativeInfinity], [double.PositiveInfinity, 0.3, double.PositiveInfinity]);
    static readonly BoxSpace MixedBounds = new([3], [-1, -0.5, double.NegativeInfinity], [double.PositiveInfinity, 0.5, double.PositiveInfinity]);

    static readonly Dictionary<string, OnnxCase> Discrete = new()
    {
        ["plain"] = OnnxCase.Of(Eight, Five, Mlp(8, [64, 64])),
        ["normalized, greedy"] = OnnxCase.Of(Eight, Five, Mlp(8, [32]), temperature: 0).Seeing(1, normalized: true),
        ["stacked and normalized"] = OnnxCase.Of(Eight, Five, Mlp(24, [32])).Seeing(3, normalized: true),
        ["epsilon, cold"] = With(OnnxCase.Of(Eight, Five, Mlp(8, [32]), temperature: 0.05), d => d with { Epsilon = 0.2 }),
        ["epsilon, greedy"] = With(OnnxCase.Of(Eight, Five, Mlp(8, [32]), temperature: 0), d => d with { Epsilon = 0.1 }),
        ["dueling"] = OnnxCase.Of(Eight, Five, Mlp(8, [32, 32]) with { Dueling = true }),
        ["categorical"] = OnnxCase.Of(Eight, Five, Mlp(8, [32]) with { Distribution = NetworkDescription.Categorical, Atoms = 51, Low = -10, High = 10 }),
        ["categorical, dueling"] = OnnxCase.Of(Eight, Five, Mlp(8, [32, 32]) with { Distribution = NetworkDescription.Categorical, Atoms = 21, Low = 0, High = 500, Dueling = true }),
        ["quantile"] = OnnxCase.Of(Eight, Five, Mlp(8, [32]) with { Distribution = NetworkDescription.Quantile, Atoms = 32 }),
        ["heads"] = OnnxCase.Of(Eight, Five, Mlp(8, [32]) with { Distribution = NetworkDescription.Heads, Atoms = 20 }),
        ["implicit"] = OnnxCase.Of(Eight, Five, Mlp(8, [32, 32]) with { Distribution = NetworkDescription.Implicit, Cosines = 64, Fractions = 32 }),
        ["implicit, dueling"] = OnnxCase.Of(Eight, Five, Mlp(8, [32, 32, 16]) with { Distribution = NetworkDescription.Implicit, Cosines = 16, Fractions = 8, Dueling = true }),
        ["implicit, without hidden layers"] = OnnxCase.Of(new DiscreteSpace(30), Five, Mlp(30, []) with { Distribution = NetworkDescription.Implicit, Cosines = 16, Fractions = 8 }),
        ["filtered"] = With(OnnxCase.Of(Eight, Five, Mlp(8, [32]), temperature: 0), d => d with { Filter = new(Mlp(8, [16]), 0.5) }),
        ["filtered, soft"] = With(OnnxCase.Of(Eight, Five, Mlp(8, [32])), d => d with { Filter = new(Mlp(8, [16]), 0.3) }),
        ["filter of nothing"] = With(OnnxCase.Of(Eight, Five, Mlp(8, [32])), d => d with { Filter = new(Mlp(8, [16]), 0) }),
        ["latent"] = With(OnnxCase.Of(Eight, Five, Mlp(6, [16])), d => d with { Latent = new() { Encoder = Mlp(8, [32], 12), Width = 6 } }),
        ["latent, symlog"] = With(OnnxCase.Of(Eight, Five, Mlp(6, [16])), d => d with { Latent = new() { Encoder = Mlp(8, [32], 12), Width = 6, Symlog = true } }),
        ["states"] = OnnxCase.Of(new DiscreteSpace(50), Five, TabularPolicyFile.Network(50, 5), temperature: 0),
        ["states, dense"] = OnnxCase.Of(new DiscreteSpace(50), Five, Mlp(50, [32, 16])),
        ["states, dueling"] = OnnxCase.Of(new DiscreteSpace(50), Five, Mlp(50, [32]) with { Dueling = true }),
        ["states, filtered"] = With(OnnxCase.Of(new DiscreteSpace(50), Five, Mlp(50, [16])), d => d with { Filter = new(Mlp(50, []), 0.4) }),
        ["states, stacked"] = OnnxCase.Of(new DiscreteSpace(7), Five, Mlp(14, [16])).Seeing(2, normalized: false),
        ["image"] = OnnxCase.Of(Image, Five, Mlp(300, [32]) with { Type = "convolutional", Image = Convolutions(3) }),
        ["image, dueling quantiles"] = OnnxCase.Of(Image, Five, Mlp(300, [32]) with { Type = "convolutional", Image = Convolutions(3), Dueling = true, Distribution = NetworkDescription.Quantile, Atoms = 8 }),
        ["image, channels last, stacked"] = OnnxCase.Of(Bytes(10, 10, 3), Five, Mlp(600, [32]) with { Type = "convolutional", Image = Convolutions(6) with { ChannelsLast = true, Frames = 2 } }).Seeing(2, normalized: false),
        ["image, implicit"] = OnnxCase.Of(Image, Five, Mlp(300, [32]) with { Type = "convolutional", Image = Convolutions(3), Distribution = NetworkDescription.Implicit, Cosines = 16, Fractions = 8 }),
    };

    static readonly Dictionary<string, OnnxCase> Continuous = new()
    {
        ["cloned"] = OnnxCase.Of(Eight, Bounded, Mlp(8, [32], 6)),
        ["cloned, greedy"] = OnnxCase.Of(Eight, Bounded, Mlp(8, [32], 6), temperature: 0),
        ["bounded"] = Head(OnnxCase.Of(Eight, Bounded, Mlp(8, [32], 6)), new()),
        ["half bounded"] = Head(OnnxCase.Of(Eight, HalfBounded, Mlp(8, [32], 6), temperature: 0.5), new()),
        ["mixed bounds"] = Head(OnnxCase.Of(Eight, MixedBounds, Mlp(8, [32], 6)).Seeing(2, normalized: true), new(), 16),
        ["unbounded"] = Head(OnnxCase.Of(Eight, BoxSpace.Unbounded(3), Mlp(8, [32], 6)), new()),
        ["free scale"] = Head(OnnxCase.Of(Eight, Bounded, Mlp(8, [32], 6) with { FreeOutputs = 3 }), new() { Scale = PolicyConfig.FreeScale }),
        ["tanh"] = Head(OnnxCase.Of(Eight, Bounded, Mlp(8, [32], 6), temperature: 2), new() { Squash = PolicyConfig.TanhSquash }),
        ["tanh of states"] = Head(OnnxCase.Of(new DiscreteSpace(40), Bounded, Mlp(40, [32], 6)), new() { Squash = PolicyConfig.TanhSquash }),
        ["tanh mixture"] = Head(OnnxCase.Of(Eight, Bounded, Mlp(8, [32], 28)), new() { Squash = PolicyConfig.TanhSquash, Mixture = 4 }),
        ["mixture, free scale"] = Head(OnnxCase.Of(Eight, MixedBounds, Mlp(8, [32], 28) with { FreeOutputs = 12 }), new() { Mixture = 4, Scale = PolicyConfig.FreeScale }),
    };

    public void Dispose() => _runtime.Dispose();

    [Fact]
    public void DiscreteHeads_GiveOurScoresProbabilitiesAndActions()
    {
        var expected = new List<(string Name, OnnxCase Case, bool Masked, Expected Values)>();
        foreach (var (name, test) in Discrete)
        {
            foreach (var masked in (bool[])[false, true])
            {
                var made = With(test, d => d with { HasActionMask = masked });
                var (inputs, values) = Compute(made, masked);
                _runtime.Add(made.Model, inputs);
                expected.Add((name, made, masked, values));
            }
        }

        var results = _runtime.Run();
        Assert.Equal(2 * Discrete.Count, results.Count);
        for (var i = 0; i < results.Count; i++)
        {
            var (name, test, masked, values) = expected[i];
            var (scores, found, actions) = (Largest(values.Scores, results[i].Floats("scores")), results[i].Floats("probabilities"), results[i].Longs("action"));
            // Relative to the largest score of the case: float32 sums in another order. A softmax moves by less than its scores over the temperature.
            var (tolerance, temperature) = (4e-6 * Math.Max(1, values.Scores.Max(Math.Abs)), test.Description.Temperature);
            var moved = 2e-6 + (temperature > 0 ? tolerance / temperature : 0);
            Assert.Equal([Rows, 5], results[i].Dims("probabilities"));
            Assert.Equal([Rows], results[i].Dims("action"));
            // Two scores, or a score and a threshold, that differ by less than rounding may fall on either side.
            var apart = Enumerable.Range(0, Rows).Count(r => Apart(r) > moved || actions[r] != values.Actions[r]);
            var probabilities = Enumerable.Range(0, Rows).Select(Apart).Where(d => d <= moved).DefaultIfEmpty().Max();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}{(masked ? ", masked" : "")}: scores {scores:0.0e0}, probabilities {probabilities:0.0e0}, other rows {apart} of {Rows}"));
            Assert.True(scores <= tolerance, name);
            Assert.True(apart <= 2, name);

            double Apart(int row) => Enumerable.Range(row * 5, 5).Max(n => Math.Abs(values.Probabilities[n] - found[n])) is var d && double.IsNaN(d) ? double.PositiveInfinity : d;
        }
    }

    [Fact]
    public void ContinuousHeads_GiveOurActionsAndDistributions()
    {
        var expected = new List<(string Name, OnnxCase Case, float[] Heads, float[] Actions)>();
        foreach (var (name, test) in Continuous)
        {
            var (inputs, rows, features) = Draw(test);
            var (heads, actions) = (new float[Rows * test.Description.Network.Outputs], new float[Rows * 3]);
            test.Score(features, Rows, heads);
            using var center = new OnnxCase(test.Description with { Temperature = 0 }).Policy;
            Play(center, rows, state => center.Act(state(Rows), new PolicyOutput { Continuous = actions }));
            _runtime.Add(test.Model, inputs);
            expected.Add((name, test, heads, actions));
        }

        var results = _runtime.Run();
        Assert.Equal(Continuous.Count, results.Count);
        for (var i = 0; i < results.Count; i++)
        {
            var (name, test, heads, actions) = expected[i];
            var found = results[i].Floats("action");
            var action = Largest(actions, found);
            var space = (BoxSpace)test.Description.ActionSpace;
            Assert.All(Enumerable.Range(0, found.Length), n => Assert.InRange(found[n], (float)space.Low[n % 3], (float)space.High[n % 3]));
            var (mean, log) = Distribution(test.Description, heads);
            var means = Largest(mean, results[i].Floats("mean"));
            Assert.Equal(test.Description.Temperature > 0, results[i].Outputs.Contains("log_std"));
            var logs = test.Description.Temperature > 0 ? Largest(log, results[i].Floats("log_std")) : 0;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: action {action:0.0e0}, mean {means:0.0e0}, log_std {logs:0.0e0}"));
            Assert.True(action <= 4e-6 * Math.Max(1, actions.Max(Math.Abs)), name);
            Assert.True(means <= 4e-6 * Math.Max(1, mean.Max(Math.Abs)), name);
            Assert.True(logs <= 4e-6, name);
            var mixture = test.Description.ActionHead?.Mixture ?? 1;
            if (mixture > 1)
            {
                Assert.Equal([Rows, mixture, 3], results[i].Dims("mean"));
                var sums = results[i].Floats("weights").Chunk(mixture).Select(w => w.Sum());
                Assert.All(sums, sum => Assert.Equal(1, sum, 1e-5f));
            }
        }
    }

    [Fact]
    public void AWeightThatDiffers_IsFound()
    {
        var test = With(Discrete["plain"], d => d with { HasActionMask = false });
        var model = test.Model;
        var bias = model.Graph.Initializer.Single(t => t.Name == "layers.0.bias");
        var values = bias.RawData.ToByteArray();
        MemoryMarshal.Cast<byte, float>(values.AsSpan())[0] += 0.01f;
        bias.RawData = Google.Protobuf.ByteString.CopyFrom(values);
        var (inputs, expected) = Compute(test, masked: false);
        _runtime.Add(model, inputs);
        Assert.True(Largest(expected.Scores, _runtime.Run()[0].Floats("scores")) > 1e-4);
    }

    [Fact]
    public void File_ReadWithoutARuntime_HasShapesTypesAndMetadata()
    {
        // A file that does not say whether it learned with masks takes them.
        var mask = OnnxInput.Bools("action_mask", [.. Enumerable.Repeat(true, Rows * 5)], Rows, 5);
        _runtime.Add(Discrete["image, channels last, stacked"].Model, [.. Draw(Discrete["image, channels last, stacked"]).Inputs, mask]);
        _runtime.Add(Continuous["tanh mixture"].Model, Draw(Continuous["tanh mixture"]).Inputs);
        var states = With(Discrete["states"], d => d with { HasActionMask = false });
        _runtime.Add(states.Model, Draw(states).Inputs);
        var results = _runtime.Run();
        var (image, mixture, table) = (results[0].File, results[1].File, results[2].File);
        Assert.Equal((8, 17, "offlinerl"), (image.GetProperty("irVersion").GetInt32(), image.GetProperty("opset").GetInt32(), image.GetProperty("producer").GetString()));
        Assert.Equal("""{"observation":{"type":"uint8","dims":["batch",2,10,10,3]},"action_mask":{"type":"bool","dims":["batch",5]}}""", image.GetProperty("inputs").GetRawText());
        Assert.Equal("""{"action":{"type":"int64","dims":["batch"]},"probabilities":{"type":"float32","dims":["batch",5]},"scores":{"type":"float32","dims":["batch",5]}}""", image.GetProperty("outputs").GetRawText());
        Assert.Equal("""{"observation":{"type":"float32","dims":["batch",8]}}""", mixture.GetProperty("inputs").GetRawText());
        Assert.Equal(
            """{"action":{"type":"float32","dims":["batch",3]},"mean":{"type":"float32","dims":["batch",4,3]},"weights":{"type":"float32","dims":["batch",4]},"log_std":{"type":"float32","dims":["batch",4,3]}}""",
            mixture.GetProperty("outputs").GetRawText());
        Assert.Equal("""{"observation":{"type":"int64","dims":["batch"]}}""", table.GetProperty("inputs").GetRawText());
        // A table is looked up, not multiplied.
        Assert.Contains("Gather", table.GetProperty("operators").GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("Gemm", table.GetProperty("operators").GetRawText(), StringComparison.Ordinal);
        var metadata = image.GetProperty("metadata");
        foreach (var (key, value) in new[] { ("run", "made"), ("seed", "3"), ("step", "700"), ("dataset", "log-v1"), ("dataset_hash", "0123"), ("frame_stack", "2"), ("tool_version", ToolVersion.Text), ("temperature", "1"), ("epsilon", "0") })
            Assert.Equal(value, metadata.GetProperty(key).GetString());
        Assert.Contains("\"type\":\"discrete\"", metadata.GetProperty("action_space").GetString(), StringComparison.Ordinal);
        Assert.Equal("tanh_normal", mixture.GetProperty("metadata").GetProperty("distribution").GetString());
    }

    // The formulas of the policy's distributions, by hand from the raw heads: a third way beside the policy's own and the graph's.
    static (float[] Mean, float[] Log) Distribution(PolicyDescription policy, float[] heads)
    {
        var (space, units, head) = ((BoxSpace)policy.ActionSpace, policy.ActionUnits!, policy.ActionHead);
        var (k, width) = (head?.Mixture ?? 1, heads.Length / Rows);
        var (mean, log) = (new float[Rows * k * 3], new float[Rows * k * 3]);
        for (var n = 0; n < mean.Length; n++)
        {
            var (row, rest, d) = (n / (k * 3), n % (k * 3), n % 3);
            var first = (row * width) + width - (6 * k) + rest;
            var (m, l, tanh) = ((double)heads[first], (double)heads[first + (3 * k)], head?.Squash == PolicyConfig.TanhSquash);
            l = head is null ? Math.Clamp(l, -5, 2) : -1.5 + (3.5 * Math.Tanh((l + 1.5) / 3.5));
            log[n] = (float)(l + Math.Log(policy.Temperature) + (tanh ? 0 : Math.Log(units.Scale[d])));
            mean[n] = (float)m;
            if (tanh)
                continue;
            var (low, high, scale) = (space.Low[d], space.High[d], units.Scale[d]);
            var center = units.Shift[d] + (scale * m);
            if (head is not null)
            {
                center = (double.IsFinite(low), double.IsFinite(high)) switch
                {
                    (true, true) => ((low + high) / 2) + ((high - low) / 2 * Math.Tanh((center - ((low + high) / 2)) / ((high - low) / 2))),
                    (true, false) => low + (scale * Math.Log(1 + Math.Exp((center - low) / scale))),
                    (false, true) => high - (scale * Math.Log(1 + Math.Exp((high - center) / scale))),
                    _ => center,
                };
            }

            mean[n] = (float)Math.Clamp(center, low, high);
            log[n] = (float)Math.Min(log[n], Math.Log(10 * (high - low)));
        }

        return (mean, log);
    }

    static (OnnxInput[] Inputs, Expected Values) Compute(OnnxCase test, bool masked)
    {
        var (inputs, rows, features) = Draw(test);
        var random = RandomStream.Create(2, "masks");
        var masks = new bool[masked ? Rows * 5 : 0];
        for (var i = 0; i < masks.Length; i++)
            masks[i] = random.NextDouble() < 0.6 || i % 5 == i / 5 % 5;
        var values = new Expected(new float[Rows * 5], new double[Rows * 5], new int[Rows]);
        test.Score(features, Rows, values.Scores);
        using var policy = test.Policy;
        var streams = Enumerable.Range(0, Rows).Select(i => RandomStream.Create((ulong)i, "act")).ToArray();
        Play(policy, rows, state => policy.Act(state(Rows) with { ActionMasks = masks, Random = streams }, new PolicyOutput { Discrete = new int[Rows], Probabilities = values.Probabilities }));
        for (var r = 0; r < Rows; r++)
            values.Actions[r] = Likeliest(values.Probabilities.AsSpan(r * 5, 5));
        return (masked ? [inputs[0], OnnxInput.Bools("action_mask", masks, Rows, 5)] : inputs, values);
    }

    static int Likeliest(ReadOnlySpan<double> probabilities)
    {
        var best = 0;
        for (var a = 1; a < probabilities.Length; a++)
            best = probabilities[a] > probabilities[best] ? a : best;
        return best;
    }

    delegate PolicyInput Input(int count);

    // Shows a policy the frames one after the other; the last is for the caller.
    static void Play(LearnedPolicy policy, float[][] frames, Action<Input> last)
    {
        var state = policy.CreateState(Rows);
        var streams = Enumerable.Range(0, Rows).Select(i => RandomStream.Create((ulong)i, "play")).ToArray();
        for (var k = 0; k + 1 < frames.Length; k++)
        {
            policy.Act(
                new PolicyInput { Count = Rows, Observations = frames[k], State = state, Random = streams },
                new PolicyOutput { Discrete = new int[Rows], Continuous = new float[Rows * (policy.ActionSpace is BoxSpace ? 3 : 0)] });
        }

        last(count => new PolicyInput { Count = count, Observations = frames[^1], State = state });
    }

    // What ONNX Runtime is shown, frame by frame what the policy is shown, and the features that the network reads.
    static (OnnxInput[] Inputs, float[][] Frames, float[] Features) Draw(OnnxCase test)
    {
        var (space, frames) = (test.Description.ObservationSpace, test.Description.Encoder?.Frames ?? 1);
        var random = RandomStream.Create(5, "observations");
        var width = space.FlatSize;
        var rows = new float[Rows * frames * width];
        for (var i = 0; i < rows.Length; i++)
            rows[i] = space switch { DiscreteSpace states => random.NextInt(states.Count), BoxSpace { ElementType: ElementType.UInt8 } => random.NextInt(256), _ => (float)(2 * random.NextGaussian()) };
        var each = Enumerable.Range(0, frames).Select(k => new float[Rows * width]).ToArray();
        for (var r = 0; r < Rows; r++)
        {
            for (var k = 0; k < frames; k++)
                rows.AsSpan(((r * frames) + k) * width, width).CopyTo(each[k].AsSpan(r * width));
        }

        var encoder = test.Description.Encoder is { Normalized: true }
            ? ObservationEncoder.Affine(space, frames, test.Read("encoder.shift", [width]), test.Read("encoder.scale", [width]))
            : ObservationEncoder.Of(space, frames);
        var features = new float[Rows * encoder.Size];
        encoder.Encode(rows, features);
        int[] dims = [Rows, .. frames > 1 ? [frames] : (int[])[], .. space is BoxSpace box ? box.Shape : []];
        var input = space switch
        {
            DiscreteSpace => OnnxInput.Longs("observation", [.. rows.Select(x => (long)x)], dims),
            BoxSpace { ElementType: ElementType.UInt8 } => OnnxInput.Bytes8("observation", [.. rows.Select(x => (byte)x)], dims),
            _ => OnnxInput.Floats("observation", rows, dims),
        };
        return ([input], each, features);
    }

    static float Largest(float[] expected, float[] found)
    {
        Assert.Equal(expected.Length, found.Length);
        var largest = 0f;
        for (var i = 0; i < expected.Length; i++)
            // NaN, too, is no agreement.
            largest = Math.Abs(expected[i] - found[i]) is var apart && apart <= largest ? largest : float.IsNaN(apart) ? float.PositiveInfinity : apart;
        return largest;
    }

    static NetworkDescription Mlp(int inputs, int[] hidden, int outputs = 5) => new() { Inputs = inputs, Hidden = hidden, Outputs = outputs };

    static ImageDescription Convolutions(int channels) => new() { Channels = channels, Height = 10, Width = 10, Layers = [new(8, 3, 2), new(12, 2, 1)] };

    static BoxSpace Bytes(params int[] shape) => new(shape, new double[shape.Aggregate(1, (p, s) => p * s)], [.. Enumerable.Repeat(255.0, shape.Aggregate(1, (p, s) => p * s))], ElementType.UInt8);

    static OnnxCase With(OnnxCase test, Func<PolicyDescription, PolicyDescription> change) => new(change(test.Description));

    static OnnxCase Head(OnnxCase test, PolicyConfig head, int? inputs = null) => With(test, d => d with { ActionHead = head, Network = d.Network with { Inputs = inputs ?? d.Network.Inputs } });

    sealed record Expected(float[] Scores, double[] Probabilities, int[] Actions);
}
