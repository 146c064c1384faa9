using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Evaluate.Onnx;
using OfflineRL.Train;

namespace OfflineRL.Tests.Evaluate.Export;

/// <summary>A policy whose weights are drawn by the names of its tensors, so that whoever asks for one gets the same.</summary>
sealed record OnnxCase(PolicyDescription Description)
{
    public LearnedPolicy Policy => LearnedPolicy.Of(Description, Read);

    public ModelProto Model => OnnxPolicy.Model(Description, Read);

    /// <summary>[B, Outputs]: what the network gives for features, through the encoder of a latent state where there is one.</summary>
    public void Score(float[] features, int rows, float[] scores)
    {
        if (Description.Latent is { } latent)
        {
            using var encoder = new PolicyNetwork(latent.Encoder!, (name, shape) => Read("latent.encoder." + name, shape));
            var outputs = new float[rows * encoder.Outputs];
            encoder.Forward(latent.Symlog ? Array.ConvertAll(features, x => MathF.Sign(x) * MathF.Log(1 + MathF.Abs(x))) : features, rows, outputs);
            features = [.. outputs.Chunk(encoder.Outputs).SelectMany(row => row.Take(latent.Width))];
        }

        using var network = Network;
        network.Forward(features, rows, scores);
    }

    PolicyNetwork Network => new(Description.Network, Read);

    /// <summary>One of a network over an observation and an action space.</summary>
    public static OnnxCase Of(Space observations, Space actions, NetworkDescription network, double temperature = 1) => new(new PolicyDescription
    {
        Name = "made",
        Algorithm = "test",
        ObservationSpace = observations,
        ActionSpace = actions,
        Network = network,
        ActionUnits = actions is BoxSpace box ? new([.. Enumerable.Range(0, box.FlatSize).Select(d => 0.1 * (d + 1))], [.. Enumerable.Range(0, box.FlatSize).Select(d => 0.5 + (0.3 * d))]) : null,
        Temperature = temperature,
        Dataset = "log-v1",
        ContentHash = "0123",
        Run = "made",
        Seed = 3,
        Step = 700,
        ToolVersion = "1",
    });

    /// <summary>With shift and scale of the observations, and some of the last frames.</summary>
    public OnnxCase Seeing(int frames, bool normalized) => new(Description with { Encoder = new() { Frames = frames, Normalized = normalized } });

    // Weights of the size that a layer's inputs ask for, so that relus are sometimes on.
    public float[] Read(string name, long[] shape)
    {
        var random = RandomStream.Create(1, name);
        var values = new float[shape.Aggregate(1L, (product, size) => product * size)];
        var inputs = shape.Length == 1 ? 4 : shape.Skip(1).Aggregate(1L, (product, size) => product * size);
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(random.NextGaussian() * Math.Sqrt(2.0 / inputs));
        return values;
    }
}
