using System.Globalization;
using System.Text.Json;
using OfflineRL.Datasets;
using OfflineRL.Evaluate.Onnx;
using OfflineRL.Train;
using DataType = OfflineRL.Evaluate.Onnx.TensorProto.Types.DataType;

namespace OfflineRL.Evaluate;

/// <summary>
/// A trained policy as one ONNX model: from observations as the environment gives them to actions and the distribution that they are drawn from. Normaliser,
/// mask, filter, temperature and head are inside; <c>evaluate/docs/onnx.md</c> lists inputs, outputs and metadata.
/// </summary>
static class OnnxPolicy
{
    /// <summary>What the graph calls the observations.</summary>
    public const string Observation = "observation";

    // A message of protocol buffers holds less than two gigabytes; the weights are nearly all of it.
    const long MostWeights = 500_000_000;

    static readonly JsonSerializerOptions OneLine = new(JsonFiles.Options) { WriteIndented = false };

    /// <summary>The model.</summary>
    /// <param name="policy">With the temperature and epsilon to export.</param>
    /// <param name="read">Reads a tensor by its name and shape.</param>
    /// <exception cref="UserErrorException">The policy is too large for the format.</exception>
    public static ModelProto Model(PolicyDescription policy, Func<string, long[], float[]> read)
    {
        if (policy.Latent is { HasMemory: true })
            throw EvaluateThrow.Remembers(policy.Name);
        var graph = new OnnxGraph();
        long weights = 0;
        var features = Features(graph, policy, Counted);
        if (policy.Latent is { } latent)
            features = Encode(graph, latent, features, Counted);
        var mask = policy.ActionSpace is DiscreteSpace ? OnnxDiscreteHead.MaskOf(graph, policy) : null;
        var scores = new OnnxNetwork(graph, policy.Network, Counted, "").Scores(features);
        var head = mask is null ? new OnnxContinuousHead(graph, policy) : null;
        if (head is not null)
            head.Write(scores);
        else
            OnnxDiscreteHead.Write(graph, policy, scores, Imitation(graph, policy, features, Counted), mask!);

        return new ModelProto
        {
            IrVersion = OnnxGraph.IrVersion,
            ProducerName = "offlinerl",
            ProducerVersion = ToolVersion.Text,
            ModelVersion = policy.Step,
            DocString = $"{policy.Name}, a policy that {policy.Algorithm} learned from {policy.Dataset}.",
            Graph = graph.Proto,
            OpsetImport = { new OperatorSetIdProto { Version = OnnxGraph.Opset } },
            MetadataProps = { Metadata(policy, head).Select(m => new StringStringEntryProto { Key = m.Key, Value = m.Value }) },
        };

        float[] Counted(string name, long[] shape)
        {
            weights += shape.Aggregate(1L, (product, size) => product * size);
            return weights > MostWeights ? throw EvaluateThrow.PolicyTooLarge(policy.Name, weights) : read(name, shape);
        }
    }

    static string? Imitation(OnnxGraph graph, PolicyDescription policy, OnnxFeatures features, Func<string, long[], float[]> read) => policy.Filter is { } filter
        ? new OnnxNetwork(graph, filter.Network, (name, shape) => read(ImitationFilter.Prefix + name, shape), ImitationFilter.Prefix).Scores(features)
        : null;

    // As ObservationEncoder has it: floats shifted and scaled where they are normalised, bytes divided by their largest bound, states one-hot.
    static OnnxFeatures Features(OnnxGraph graph, PolicyDescription policy, Func<string, long[], float[]> read)
    {
        var frames = policy.Encoder?.Frames ?? 1;
        long[] batch = frames == 1 ? [-1] : [-1, frames];
        var stacked = frames == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", the last {frames} of the episode, the oldest first; before the first stands that one again");
        if (policy.ObservationSpace is DiscreteSpace states)
        {
            var numbers = graph.Input(Observation, DataType.Int64, $"the state, from 0 to {states.Count - 1}{stacked}", batch);
            return frames == 1
                ? new(numbers, states.Count)
                : new(Flat(graph, graph.OneHot(numbers, states.Count)), 0);
        }

        var box = (BoxSpace)policy.ObservationSpace;
        long[] shape = [.. batch, .. box.Shape.Select(size => (long)size)];
        var encoder = Encoder(policy, read);
        var isBytes = box.ElementType == ElementType.UInt8;
        var x = graph.Input(Observation, isBytes ? DataType.Uint8 : DataType.Float, $"the observation as the environment gives it{stacked}", shape);
        if (isBytes)
            x = graph.Node("Mul", [graph.Cast(x, DataType.Float), graph.Scalar("byte", encoder.Scale[0])]);
        long[] own = [.. box.Shape.Select(size => (long)size)];
        if (encoder.Encoding == ObservationEncoding.Affine)
            x = graph.Node("Mul", [graph.Node("Sub", [x, graph.Floats(EncoderDescription.ShiftName, encoder.Shift, own)]), graph.Floats(EncoderDescription.ScaleName, encoder.Scale, own)]);
        return new(Flat(graph, x), 0);
    }

    // What a world model's encoder makes of features: the first numbers of its outputs, the means.
    static OnnxFeatures Encode(OnnxGraph graph, LatentDescription latent, OnnxFeatures features, Func<string, long[], float[]> read)
    {
        const string prefix = LatentDescription.Prefix + "encoder.";
        if (latent.Symlog)
        {
            var x = features.States == 0 ? features.Name : graph.OneHot(features.Name, features.States);
            var size = graph.Node("Log", [graph.Node("Add", [graph.Node("Abs", [x]), graph.Scalar("one", 1)])]);
            features = new(graph.Node("Mul", [graph.Node("Sign", [x]), size]), 0);
        }

        var outputs = new OnnxNetwork(graph, latent.Encoder!, (name, shape) => read(prefix + name, shape), prefix).Scores(features);
        return new(graph.Columns(outputs, 0, latent.Width), 0);
    }

    static ObservationEncoder Encoder(PolicyDescription policy, Func<string, long[], float[]> read)
    {
        var (space, frames) = (policy.ObservationSpace, policy.Encoder?.Frames ?? 1);
        return policy.Encoder is { Normalized: true }
            ? ObservationEncoder.Affine(space, frames, read(EncoderDescription.ShiftName, [space.FlatSize]), read(EncoderDescription.ScaleName, [space.FlatSize]))
            : ObservationEncoder.Of(space, frames);
    }

    static string Flat(OnnxGraph graph, string x) => graph.Node("Flatten", [x], OnnxGraph.Int("axis", 1));

    static Dictionary<string, string> Metadata(PolicyDescription policy, OnnxContinuousHead? head)
    {
        var invariant = CultureInfo.InvariantCulture;
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["policy"] = policy.Name,
            ["algorithm"] = policy.Algorithm,
            ["run"] = policy.Run,
            ["seed"] = policy.Seed.ToString(invariant),
            ["step"] = policy.Step.ToString(invariant),
            ["dataset"] = policy.Dataset,
            ["dataset_hash"] = policy.ContentHash,
            ["observation_space"] = JsonSerializer.Serialize(policy.ObservationSpace, OneLine),
            ["action_space"] = JsonSerializer.Serialize(policy.ActionSpace, OneLine),
            ["frame_stack"] = (policy.Encoder?.Frames ?? 1).ToString(invariant),
            ["head"] = policy.Network.Distribution,
            ["distribution"] = head?.Distribution ?? "categorical",
            ["temperature"] = policy.Temperature.ToString("R", invariant),
            ["epsilon"] = policy.Epsilon.ToString("R", invariant),
            ["tool_version"] = ToolVersion.Text,
            ["trained_by"] = policy.ToolVersion,
        };
        if (policy.Environment is { } environment)
            metadata["environment"] = environment.ToString();
        return metadata;
    }
}
