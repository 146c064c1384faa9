using System.Text.Json.Nodes;
using OfflineRL.Datasets;
using OfflineRL.Train;
using OfflineRL.Train.Networks;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.Policies;

/// <summary>The forward pass without libtorch against libtorch's, for every architecture that a policy may have.</summary>
public sealed class PolicyNetworkTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-policy-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    static readonly ImageDescription Cells = new() { Channels = 4, Height = 10, Width = 10, Layers = [new(16, 3, 1)] };
    static readonly ImageDescription Screen = new() { Channels = 4, Height = 84, Width = 84, Layers = [new(32, 8, 4), new(64, 4, 2), new(64, 3, 1)] };
    static readonly ImageDescription Odd = new() { Channels = 3, Height = 13, Width = 11, ChannelsLast = true, Layers = [new(20, 4, 2), new(5, 2, 1)] };

    static readonly ImageDescription Stacked = Odd with { Channels = 12, Frames = 4 };

    static NetworkDescription Dense(params int[] hidden) => new() { Inputs = 5, Hidden = hidden, Outputs = 3 };

    static NetworkDescription Conv(ImageDescription image, params int[] hidden) =>
        new() { Type = "convolutional", Image = image, Inputs = image.Channels * image.Height * image.Width, Hidden = hidden, Outputs = 3 };

    static readonly Dictionary<string, NetworkDescription> All = new()
    {
        ["plain"] = Dense(70, 33),
        ["linear"] = Dense(),
        ["dueling"] = Dense(20, 17) with { Dueling = true },
        ["dueling, one layer"] = Dense(20) with { Dueling = true },
        ["noisy"] = Dense(20, 17) with { Noisy = true },
        ["categorical"] = Dense(20, 17) with { Distribution = NetworkDescription.Categorical, Atoms = 11, Low = -3, High = 7 },
        ["rainbow"] = Dense(20, 17) with { Distribution = NetworkDescription.Categorical, Atoms = 11, Low = -3, High = 7, Dueling = true, Noisy = true },
        ["quantile"] = Dense(20, 17) with { Distribution = NetworkDescription.Quantile, Atoms = 8 },
        ["heads"] = Dense(20, 17) with { Distribution = NetworkDescription.Heads, Atoms = 8 },
        ["implicit"] = Dense(20, 17) with { Distribution = NetworkDescription.Implicit, Cosines = 6, Fractions = 9 },
        ["implicit, one layer"] = Dense(20) with { Distribution = NetworkDescription.Implicit, Cosines = 6, Fractions = 9 },
        ["implicit, dueling"] = Dense(20, 17) with { Distribution = NetworkDescription.Implicit, Cosines = 6, Fractions = 9, Dueling = true },
        ["minatar"] = Conv(Cells, 128),
        ["nature"] = Conv(Screen, 512),
        ["odd sizes"] = Conv(Odd, 9),
        ["several frames"] = Conv(Stacked, 9),
        ["several frames, channels first"] = Conv(Stacked with { ChannelsLast = false }, 9),
        ["convolutional rainbow"] = Conv(Cells, 32) with { Distribution = NetworkDescription.Categorical, Atoms = 11, Low = -3, High = 7, Dueling = true, Noisy = true },
        ["convolutional implicit"] = Conv(Cells, 32) with { Distribution = NetworkDescription.Implicit, Cosines = 6, Fractions = 9 },
    };

    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Score_OfAnyArchitecture_EqualsLibtorchs(string name)
    {
        using var scope = NewDisposeScope();
        var description = All[name];
        using var network = Save(description);
        var rows = Rows(description, 70);
        // Softmax at temperature 1 shows differences of scores; the logarithm brings them back.
        var probabilities = Probabilities(rows, 70);
        var expected = Expected(network, rows).softmax(-1).data<float>().ToArray();
        Assert.Equal(expected.Length, probabilities.Length);
        Assert.All(expected.Zip(probabilities), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.True(expected.Max() - expected.Min() > 1e-3);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Score_InBatchesOfAnySize_GivesTheSameDigits(string name)
    {
        var description = All[name];
        using var network = Save(description);
        var rows = Rows(description, 67);
        var whole = Probabilities(rows, 67);
        var some = new List<double>();
        for (var (start, size) = (0, 1); start < 67; start += size, size = Math.Min(size * 3, 67 - start))
            some.AddRange(Probabilities(rows[(start * description.Inputs)..((start + size) * description.Inputs)], size));
        Assert.Equal(whole, some);
    }

    [Fact]
    public void Act_WithAFilter_TakesTheBestOfTheLikelyActions()
    {
        using var scope = NewDisposeScope();
        using var network = new Network(Dense(20), RandomStream.Create(1, "init"), CPU);
        using var imitation = new Network(Dense(9), RandomStream.Create(2, "init"), CPU);
        Save(network, new ImitationFilter(imitation.Description, 0.9), imitation);
        using var policy = LearnedPolicy.Load(_folder, temperature: 0);
        var rows = Rows(network.Description, 200);
        bool[] mask = [.. Enumerable.Range(0, 600).Select(i => i % 7 != 0)];
        var actions = new int[200];
        policy.Act(new PolicyInput { Count = 200, Observations = rows, ActionMasks = mask, Random = [] }, new PolicyOutput { Discrete = actions });
        using var quiet = no_grad();
        var (q, logits, allowed) = (network.Forward(tensor(rows).reshape(200, 5)), imitation.Forward(tensor(rows).reshape(200, 5)), tensor(mask).reshape(200, 3));
        var filter = OfflineRL.Train.Losses.OfflineLosses.BatchConstraint(logits, 0.9, allowed);
        var expected = q.masked_fill(filter.logical_not(), double.NegativeInfinity).argmax(-1).data<long>().ToArray();
        Assert.Equal(expected, actions.Select(a => (long)a));
        // The filter is felt.
        Assert.NotEqual(q.masked_fill(allowed.logical_not(), double.NegativeInfinity).argmax(-1).data<long>().ToArray(), expected);
    }

    [Fact]
    public void Load_OfAFileOfSchemaVersionOne_GivesTheSamePolicy()
    {
        using var network = Save(All["plain"]);
        var rows = Rows(All["plain"], 3);
        var before = Probabilities(rows, 3);
        var path = Path.Combine(_folder, "policy.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json["schema_version"] = 1;
        json["network"] = new JsonObject { ["type"] = "mlp", ["inputs"] = 5, ["hidden"] = new JsonArray(70, 33), ["outputs"] = 3 };
        File.WriteAllText(path, json.ToJsonString());
        Assert.Equal(before, Probabilities(rows, 3));
    }

    [Fact]
    public void Load_OfArchitecturesThatCannotBe_SaysWhatIsWrong()
    {
        using var network = Save(All["plain"]);
        string Error(NetworkDescription description)
        {
            Write(description, null);
            return Assert.Throws<UserErrorException>(() => LearnedPolicy.Load(_folder)).Message;
        }

        Assert.Contains("network.type is 'convolutional'", Error(Dense(4) with { Type = "convolutional" }), StringComparison.Ordinal);
        Assert.Contains("distribution is 'other'", Error(Dense(4) with { Distribution = "other" }), StringComparison.Ordinal);
        Assert.Contains("network.atoms is 3", Error(Dense(4) with { Atoms = 3 }), StringComparison.Ordinal);
        Assert.Contains("11 atoms from 1 to 1", Error(Dense(4) with { Distribution = "categorical", Atoms = 11, Low = 1, High = 1 }), StringComparison.Ordinal);
        Assert.Contains("cosines is 0", Error(Dense(4) with { Distribution = "implicit" }), StringComparison.Ordinal);
        Assert.Contains("members is 2", Error(Dense(4) with { Members = 2 }), StringComparison.Ordinal);
        Assert.Contains("do not fit", Error(Conv(Cells with { Height = 2 }, 4)), StringComparison.Ordinal);
        Assert.Contains("schema_version is 4", Version(4), StringComparison.Ordinal);

        string Version(int version)
        {
            Write(All["plain"], null, version);
            return Assert.Throws<UserErrorException>(() => LearnedPolicy.Load(_folder)).Message;
        }
    }

    static Tensor Expected(Network network, float[] rows)
    {
        using var quiet = no_grad();
        var d = network.Description;
        var x = tensor(rows).reshape(-1, d.Inputs);
        var taus = d.Distribution == NetworkDescription.Implicit
            ? arange(d.Fractions, dtype: ScalarType.Float32).add(0.5).div((double)d.Fractions).unsqueeze(0).expand(x.size(0), d.Fractions)
            : null;
        var values = network.Forward(x, taus: taus);
        return d.Distribution switch
        {
            NetworkDescription.None => values,
            NetworkDescription.Categorical => values.softmax(-1).matmul(linspace(d.Low, d.High, d.Atoms)),
            _ => values.mean([-1]),
        };
    }

    double[] Probabilities(float[] rows, int count)
    {
        using var policy = LearnedPolicy.Load(_folder, temperature: 1);
        var (logProbabilities, probabilities) = (new double[count], new double[count * 3]);
        policy.Score(new PolicyInput { Count = count, Observations = rows }, new ActionBatch { Discrete = new int[count] }, logProbabilities, probabilities);
        return probabilities;
    }

    static float[] Rows(NetworkDescription description, int count)
    {
        var random = RandomStream.Create(2, "rows");
        return [.. Enumerable.Range(0, count * description.Inputs).Select(_ => (float)(2 * random.NextGaussian()))];
    }

    Network Save(NetworkDescription description)
    {
        var network = new Network(description, RandomStream.Create(1, "init"), CPU);
        Save(network, null, null);
        return network;
    }

    void Save(Network network, ImitationFilter? filter, Network? imitation)
    {
        TensorFile.Write(Path.Combine(_folder, "policy.safetensors"), [.. network.NamedTensors(withNoise: false), .. imitation?.NamedTensors("imitation.") ?? []]);
        Write(network.Description, filter);
    }

    void Write(NetworkDescription network, ImitationFilter? filter, int version = 2) => JsonFiles.Write(Path.Combine(_folder, "policy.json"), new PolicyDescription
    {
        SchemaVersion = version,
        Name = "made/seed-0/step-1",
        Algorithm = "any",
        ObservationSpace = BoxSpace.Unbounded(network.Inputs),
        ActionSpace = new DiscreteSpace(3),
        Network = network,
        Filter = filter,
        Temperature = 1,
        Dataset = "made-v1",
        ContentHash = "sha256:0",
        Run = "made",
        Seed = 0,
        Step = 1,
        ToolVersion = "0.1.0",
    });
}
