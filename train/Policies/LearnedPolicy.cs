using System.Runtime.InteropServices;
using OfflineRL.Datasets;

namespace OfflineRL.Train;

/// <summary>
/// A policy that training stored, ready to act: scores of a network turned into a distribution over actions. It needs no libtorch; a row's action depends on that row and its random stream alone.
/// </summary>
/// <remarks>Not thread-safe: its buffers are its own. Load one for each thread.</remarks>
public sealed class LearnedPolicy : IPolicy, IDisposable
{
    readonly PolicyNetwork _network;
    readonly PolicyNetwork? _imitation;
    readonly LatentEncoder? _latent;
    readonly ObservationEncoder _encoder;
    readonly double _temperature, _epsilon;
    readonly double[] _row;
    readonly GaussianHead? _gaussian;
    float[] _features = [];
    float[] _scores = [];
    float[] _logits = [];
    float[] _latents = [];

    LearnedPolicy(PolicyDescription description, PolicyNetwork network, PolicyNetwork? imitation, ObservationEncoder encoder, LatentEncoder? latent)
    {
        Description = description;
        (_network, _imitation, _encoder, _latent) = (network, imitation, encoder, latent);
        _temperature = description.Temperature;
        _epsilon = description.Epsilon;
        _row = new double[network.Outputs];
        _gaussian = description.ActionUnits is { } units ? new GaussianHead((BoxSpace)description.ActionSpace, units, description.Temperature, description.ActionHead) : null;
    }

    /// <summary>What <c>policy.json</c> says, with the temperature and epsilon in force.</summary>
    public PolicyDescription Description { get; }

    public string Name => Description.Name;

    public Space ObservationSpace => Description.ObservationSpace;

    public Space ActionSpace => Description.ActionSpace;

    public bool HasPropensities => _gaussian?.HasDensity != false;

    /// <summary>Reads a policy from its folder.</summary>
    /// <param name="policyFolder">Holds <c>policy.json</c> and <c>policy.safetensors</c>.</param>
    /// <param name="temperature">Instead of the stored one: 0 is greedy, above 0 softmax(scores / temperature).</param>
    /// <param name="epsilon">Instead of the stored one: share of uniform actions, in [0, 1].</param>
    /// <exception cref="UserErrorException">A file is missing or damaged, sizes contradict each other, a weight is not finite, or an option is out of range.</exception>
    public static LearnedPolicy Load(string policyFolder, double? temperature = null, double? epsilon = null)
    {
        var path = Path.Combine(policyFolder, PolicyDescription.FileName);
        if (!File.Exists(path))
            Throw.BadFile(path, "the file does not exist", "the description of a policy", "Name a folder such as runs/NAME/seed-0/policies/step-10000.");
        var description = JsonFiles.Read<PolicyDescription>(path);
        description = description with { Temperature = temperature ?? description.Temperature, Epsilon = epsilon ?? description.Epsilon };
        Check(path, description);
        return Read(policyFolder, description);
    }

    /// <summary>A policy of tensors that a learner has now, which are copied.</summary>
    /// <param name="description">As it would be stored.</param>
    /// <param name="tensors">As they would be stored.</param>
    internal static LearnedPolicy Of(PolicyDescription description, IReadOnlyList<NamedTensor> tensors)
    {
        var values = tensors.ToDictionary(tensor => tensor.Name, tensor => MemoryMarshal.Cast<byte, float>(tensor.Tensor.detach().cpu().contiguous().bytes).ToArray());
        return Of(description, (name, _) => values[name]);
    }

    /// <summary>The frames seen last, for policies that read several, and the memory of recurrent ones; else none.</summary>
    public IPolicyState? CreateState(int instances)
    {
        var frames = _encoder.Frames == 1 ? null : new FrameStackState(_encoder, instances);
        return Description.Latent is { HasMemory: true } latent ? new LatentMemory(latent, instances, frames) : frames;
    }

    /// <inheritdoc/>
    /// <exception cref="UserErrorException">A mask allows no action.</exception>
    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var actions = _row.Length;
        var scores = Score(input);
        if (_gaussian is not null)
        {
            Act(_gaussian, scores, input, output);
            Remember(input, new ActionBatch { Continuous = output.Continuous });
            return;
        }

        for (var i = 0; i < input.Count; i++)
        {
            var probabilities = output.Probabilities.IsEmpty ? _row : output.Probabilities.Slice(i * actions, actions);
            var best = Distribution(scores.Slice(i * actions, actions), MaskOf(input, i, actions), probabilities);
            // Where one action has it all, nothing is drawn and no stream is needed.
            var action = probabilities[best] == 1 ? best : input.Random[i].NextCategorical(probabilities);
            output.Discrete[i] = action;
            if (!output.LogProbabilities.IsEmpty)
                output.LogProbabilities[i] = Math.Log(probabilities[action]);
        }

        Remember(input, new ActionBatch { Discrete = output.Discrete });
    }

    /// <inheritdoc/>
    /// <exception cref="UserErrorException">A mask allows no action.</exception>
    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        var count = _row.Length;
        var scores = Score(input);
        for (var i = 0; _gaussian is not null && i < input.Count; i++)
            logProbabilities[i] = _gaussian.LogDensity(scores.Slice(i * count, count), actions.Continuous.Slice(i * _gaussian.Width, _gaussian.Width));
        for (var i = 0; _gaussian is null && i < input.Count; i++)
        {
            var row = probabilities.IsEmpty ? _row : probabilities.Slice(i * count, count);
            Distribution(scores.Slice(i * count, count), MaskOf(input, i, count), row);
            logProbabilities[i] = Math.Log(row[actions.Discrete[i]]);
        }

        Remember(input, actions);
    }

    // What the next step's latent state is made of.
    void Remember(in PolicyInput input, in ActionBatch actions)
    {
        if (Description.Latent is not { HasMemory: true })
            return;
        var memory = LatentMemory.Require(input.State, input.Count);
        for (var i = 0; i < input.Count; i++)
        {
            var action = memory.Action(i);
            action.Clear();
            if (_gaussian is null)
                action[actions.Discrete[i]] = 1;
            else
                actions.Continuous.Slice(i * action.Length, action.Length).CopyTo(action);
        }
    }

    static void Act(GaussianHead head, ReadOnlySpan<float> scores, in PolicyInput input, in PolicyOutput output)
    {
        for (var i = 0; i < input.Count; i++)
        {
            var random = head.HasDensity ? input.Random.Slice(i, 1) : [];
            var log = head.Act(scores.Slice(i * head.Outputs, head.Outputs), random, output.Continuous.Slice(i * head.Width, head.Width));
            if (!output.LogProbabilities.IsEmpty)
                output.LogProbabilities[i] = log;
        }
    }

    public void Dispose()
    {
        _network.Dispose();
        _imitation?.Dispose();
        _latent?.Dispose();
    }

    // The buffers grow to the largest batch seen and stay there.
    ReadOnlySpan<float> Score(in PolicyInput input)
    {
        var (width, features, outputs) = (ObservationSpace.FlatSize, _encoder.Size, _network.Outputs);
        if (input.Observations.Length != (long)input.Count * width)
            throw new ArgumentException($"{input.Count} rows of {width} numbers were expected; found {input.Observations.Length} numbers.", nameof(input));
        if (_scores.Length < input.Count * outputs)
            _scores = new float[input.Count * outputs];
        var scores = _scores.AsSpan(0, input.Count * outputs);
        var rows = input.Observations;
        if (_encoder is not { Encoding: ObservationEncoding.Identity, Frames: 1 })
        {
            if (_features.Length < input.Count * features)
                _features = new float[input.Count * features];
            var encoded = _features.AsSpan(0, input.Count * features);
            if (_encoder.Frames == 1)
                _encoder.Encode(input.Observations, encoded);
            else
                FrameStackState.Require(_latent is null ? input.State : (input.State as LatentMemory)?.Frames ?? input.State, input.Count).Push(input.Observations, input.EpisodeStarts, encoded);
            rows = encoded;
        }

        if (_latent is not null)
        {
            if (_latents.Length < input.Count * _latent.Width)
                _latents = new float[input.Count * _latent.Width];
            var latents = _latents.AsSpan(0, input.Count * _latent.Width);
            _latent.Forward(rows, input.Count, input.EpisodeStarts, !Description.Latent!.HasMemory ? null : LatentMemory.Require(input.State, input.Count), latents);
            rows = latents;
        }

        _network.Forward(rows, input.Count, scores);
        if (_imitation is not null)
            Filter(_imitation, rows, input, scores);
        return scores;
    }

    // Actions that the data hardly has lose their score; the likeliest allowed one never does.
    void Filter(PolicyNetwork imitation, ReadOnlySpan<float> rows, in PolicyInput input, Span<float> scores)
    {
        var actions = _row.Length;
        if (_logits.Length < scores.Length)
            _logits = new float[scores.Length];
        imitation.Forward(rows, input.Count, _logits.AsSpan(0, scores.Length));
        var margin = Math.Log(Description.Filter!.Threshold);
        for (var i = 0; i < input.Count; i++)
        {
            var logits = _logits.AsSpan(i * actions, actions);
            var mask = MaskOf(input, i, actions);
            var highest = float.NegativeInfinity;
            for (var a = 0; a < actions; a++)
                highest = mask.IsEmpty || mask[a] ? Math.Max(highest, logits[a]) : highest;
            for (var a = 0; a < actions; a++)
            {
                if (!((double)logits[a] - highest > margin))
                    scores[(i * actions) + a] = float.NegativeInfinity;
            }
        }
    }

    static ReadOnlySpan<bool> MaskOf(in PolicyInput input, int row, int actions) =>
        input.ActionMasks.IsEmpty ? default : input.ActionMasks.Slice(row * actions, actions);

    // Fills the probabilities of one row and returns the allowed action of the highest score.
    int Distribution(ReadOnlySpan<float> scores, ReadOnlySpan<bool> mask, Span<double> probabilities)
    {
        var (best, allowed) = (-1, 0);
        for (var a = 0; a < scores.Length; a++)
        {
            if (!mask.IsEmpty && !mask[a])
                continue;
            allowed++;
            if (best < 0 || scores[a] > scores[best])
                best = a;
        }

        if (best < 0)
            Throw.User($"Policy {Name} was asked for an action where the mask allows none of {scores.Length}; expected at least one.");
        probabilities.Clear();
        if (_temperature == 0)
            probabilities[best] = 1;
        else
            Softmax(scores, mask, scores[best], probabilities);
        if (_epsilon > 0)
        {
            for (var a = 0; a < scores.Length; a++)
                probabilities[a] = (probabilities[a] * (1 - _epsilon)) + (mask.IsEmpty || mask[a] ? _epsilon / allowed : 0);
        }

        return best;
    }

    void Softmax(ReadOnlySpan<float> scores, ReadOnlySpan<bool> mask, double highest, Span<double> probabilities)
    {
        var sum = 0.0;
        for (var a = 0; a < scores.Length; a++)
        {
            if (mask.IsEmpty || mask[a])
                sum += probabilities[a] = Math.Exp((scores[a] - highest) / _temperature);
        }

        for (var a = 0; a < scores.Length; a++)
            probabilities[a] /= sum;
    }

    static void Check(string path, PolicyDescription description)
    {
        if (description.SchemaVersion is < PolicyDescription.OldestSchemaVersion or > PolicyDescription.CurrentSchemaVersion)
            Throw.BadFile(path, $"schema_version is {description.SchemaVersion}", $"{PolicyDescription.OldestSchemaVersion} to {PolicyDescription.CurrentSchemaVersion}", "It was written by another version of this tool.");
        if (description.Encoder is { } encoder && (encoder.Frames is < 1 or > 256 || (encoder.Normalized && description.ObservationSpace is not BoxSpace { ElementType: ElementType.Float32 })))
            Throw.BadFile(path, $"encoder has {encoder.Frames} frames, normalized {encoder.Normalized}, for {description.ObservationSpace}", "1 to 256 frames, normalized only where observations are floats", "The file is damaged.");
        CheckNetwork(path, description, description.Network);
        if (description.Filter is { } filter)
        {
            CheckNetwork(path, description, filter.Network);
            if (!(filter.Threshold is >= 0 and < 1))
                Throw.BadFile(path, $"filter.threshold is {filter.Threshold}", "a number in [0, 1)", "The file is damaged.");
        }

        if (!(description.Temperature >= 0) || !double.IsFinite(description.Temperature))
            Throw.BadFile(path, $"temperature is {description.Temperature}", "a finite number of at least 0", "Use 0 for greedy.");
        if (!(description.Epsilon is >= 0 and <= 1))
            Throw.BadFile(path, $"epsilon is {description.Epsilon}", "a number in [0, 1]", "Use 0 for none.");
        if (description.Epsilon > 0 && description.ActionUnits is not null)
            Throw.BadFile(path, $"epsilon is {description.Epsilon}", "0: the actions are continuous", "Widen the distribution with temperature instead.");
    }

    static void CheckNetwork(string path, PolicyDescription description, NetworkDescription network)
    {
        if (PolicyNetwork.Fault(network) is { } fault)
            Throw.User($"{path}: {fault}. The file is damaged, or was written by another version of this tool.");
        if (HeadFault(description) is { } headFault)
            Throw.BadFile(path, headFault, "an action_head that fits the action space", "The file is damaged.");
        var outputs = description.ActionSpace is DiscreteSpace actions ? actions.Count : ActionHead.OutputsOf(description.ActionSpace.FlatSize, description.ActionHead ?? new());
        if (description.Latent?.Fault() is { } latentFault)
            Throw.User($"{path}: {latentFault}. The file is damaged, or was written by another version of this tool.");
        if (description.Latent is { } latent && (latent.Inputs != FeaturesOf(description) || (latent.HasMemory && latent.Actions != (description.ActionSpace is DiscreteSpace choices ? choices.Count : description.ActionSpace.FlatSize))))
            Throw.BadFile(path, $"latent reads {latent.Inputs} features and {latent.Actions} numbers of an action for {description.ObservationSpace} and {description.ActionSpace}", "one for each", "The file is damaged.");
        if (outputs != network.Outputs || (description.Latent?.Width ?? FeaturesOf(description)) != network.Inputs)
            Throw.BadFile(path, $"a network of {network.Inputs} inputs and {network.Outputs} outputs for {description.ObservationSpace} and {description.ActionSpace}", "one input for each feature and one output for each discrete action, of continuous ones what action_head needs", "The file is damaged.");
        if ((description.ActionSpace is DiscreteSpace) != (description.ActionUnits is null) || description.ActionUnits?.Fault(description.ActionSpace.FlatSize) is not null || (description.Filter is not null && description.ActionUnits is not null))
            Throw.BadFile(path, $"{description.ActionUnits?.Fault(description.ActionSpace.FlatSize) ?? "action_units that do not belong to the action space"}, {description.ActionSpace}", "a finite shift and a positive scale for each dimension of continuous actions, none for discrete ones", "The file is damaged.");
    }

    static string? HeadFault(PolicyDescription description) => (description.ActionHead, description.ActionSpace) switch
    {
        (null, _) => null,
        ({ } head, BoxSpace box) => head.Validate().FirstOrDefault() ?? ActionHead.Fault(box, head),
        _ => $"an action_head for {description.ActionSpace}",
    };

    static long FeaturesOf(PolicyDescription description) =>
        (long)(description.Encoder?.Frames ?? 1) * ObservationEncoder.FeaturesOf(description.ObservationSpace);

    static LearnedPolicy Read(string folder, PolicyDescription description)
    {
        using var tensors = PolicyTensors.Open(folder);
        return Of(description, tensors.Read);
    }

    /// <summary>A policy of tensors by name and shape.</summary>
    internal static LearnedPolicy Of(PolicyDescription description, Func<string, long[], float[]> read)
    {
        var network = new PolicyNetwork(description.Network, read);
        try
        {
            var encoder = EncoderOf(description, read);
            return new LearnedPolicy(description, network, description.Filter is { } filter
                ? new PolicyNetwork(filter.Network, (name, shape) => read(ImitationFilter.Prefix + name, shape))
                : null, encoder, description.Latent is { } latent ? new LatentEncoder(latent, (name, shape) => read(LatentDescription.Prefix + name, shape)) : null);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    static ObservationEncoder EncoderOf(PolicyDescription description, Func<string, long[], float[]> read)
    {
        var space = description.ObservationSpace;
        return description.Encoder is { Normalized: true } encoder
            ? ObservationEncoder.Affine(space, encoder.Frames, read(EncoderDescription.ShiftName, [space.FlatSize]), read(EncoderDescription.ScaleName, [space.FlatSize]))
            : ObservationEncoder.Of(space, description.Encoder?.Frames ?? 1);
    }
}
