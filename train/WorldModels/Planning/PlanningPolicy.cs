using System.Globalization;
using OfflineRL.Datasets;
using OfflineRL.Torch;
using static TorchSharp.torch;

namespace OfflineRL.Train.WorldModels.Planning;

/// <summary>
/// A policy that plans through a world model at every step: take the observation in, search from what is left of the plan before, take the first action (model-predictive control). What it remembers of an
/// instance is its plan, of which the first action was taken, and, of a model with memory, the latent state in which it was.
/// </summary>
/// <remarks>
/// Actions are what a search ends with; they have no probabilities. On the CPU instances are searched for one after the other, all candidates of one as one batch: then neither the batch nor its order changes a digit.
/// On a GPU all instances and candidates are one batch, and the digits are those of its sums. Not thread-safe.
/// </remarks>
public sealed class PlanningPolicy : IPolicy, IDisposable
{
    readonly IWorldModel _model;
    readonly ObservationEncoder _encoder;
    readonly PlanningConfig _config;
    readonly Device _device;
    readonly PlanActions _actions;
    readonly IPlanner _planner;
    readonly PlanNoise _noise;
    readonly IDisposable? _owned;

    /// <param name="name">What reports call it.</param>
    /// <param name="model">Its states follow what happens by <see cref="IWorldModel.Observe"/>, with means and modes of what it would draw.</param>
    /// <param name="encoder">Makes the features that the model reads.</param>
    /// <param name="actionSpace">Of the data.</param>
    /// <param name="units">Where the data's continuous actions lie; null: not known, or discrete.</param>
    /// <param name="config">Settings.</param>
    /// <param name="device">Of the model.</param>
    /// <param name="terminalValue">[N, Z] to [N]: what a state is worth at the end of a plan; null: nothing.</param>
    /// <param name="owned">Disposed of with the policy.</param>
    /// <exception cref="UserErrorException">The settings are not usable, or actions have no range to plan in.</exception>
    public PlanningPolicy(string name, IWorldModel model, ObservationEncoder encoder, Space actionSpace, ActionUnits? units, PlanningConfig config, Device device, Func<Tensor, Tensor>? terminalValue = null, IDisposable? owned = null)
    {
        if (config.Validate().ToList() is { Count: > 0 } faults)
            Throw.User($"Planning through {name}: {string.Join(' ', faults)}");
        (Name, _model, _encoder, ActionSpace, _config, _device, _owned) = (name, model, encoder, actionSpace, config, device, owned);
        _actions = PlanActions.Of(actionSpace, units, device);
        _planner = Planners.Create(config, _actions, terminalValue);
        _noise = new PlanNoise(device);
    }

    /// <summary>A policy that plans through a model that a run stored.</summary>
    /// <param name="modelFolder">Such as <c>runs/NAME/seed-0/models/step-10000</c>.</param>
    /// <param name="config">Settings; horizon and penalty that are not set are the model's own, by its held-out errors.</param>
    /// <param name="deviceName">Where to plan: <c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <exception cref="UserErrorException">The model cannot be read, or does not fit the settings, or there is no such device.</exception>
    public static PlanningPolicy Load(string modelFolder, PlanningConfig config, string deviceName = "auto")
    {
        var device = DeviceChoice.Resolve(deviceName);
        // What is to be done side by side, workers do.
        TorchExtras.Threads = 1;
        var stored = StoredWorldModel.Load(modelFolder, device);
        try
        {
            var (description, limits) = (stored.Description, stored.Description.Limits);
            var isSure = stored.Model.Members == 1;
            if (config.Penalty > 0 && isSure)
                Throw.User(string.Create(CultureInfo.InvariantCulture, $"penalty={config.Penalty} asks what the members of {description.Name} disagree about, and it has one; expected penalty=0, or a model trained with world_model.members above 1."));
            config = config with { Horizon = config.Horizon ?? limits.Horizon, Penalty = config.Penalty ?? (isSure ? 0 : limits.Penalty) };
            if (config.Value && stored.Value is null)
                Throw.User($"value=on asks what states are worth at the end of a plan, and {description.Name} ({description.Algorithm}) stores no values; expected value=off, or a model that a dreaming learner (vae_dreamer, dreamer) stored after its dreams began.");
            var value = config.Value ? stored.Value : null;
            config = config with { Discount = config.Discount ?? value?.Discount };
            return new(description.Name, stored.Model, stored.Encoder, description.ActionSpace, description.Shape.Actions, config, device, value is null ? null : value.Of, stored) { Environment = description.Environment };
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    public string Name { get; }

    /// <summary>What the model's data was recorded on; null where nobody knows.</summary>
    public EnvironmentIdentity? Environment { get; private init; }

    public Space ObservationSpace => _encoder.Space;

    public Space ActionSpace { get; }

    /// <summary>False: what a search ends with has no probability that could be told.</summary>
    public bool HasPropensities => false;

    public IPolicyState CreateState(int instances) => new PlanningState(_encoder, instances);

    /// <inheritdoc/>
    /// <exception cref="UserErrorException">The model's dreams are not finite, or a mask allows no action.</exception>
    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        var state = input.State as PlanningState;
        if (state?.Instances != input.Count)
            throw new ArgumentException($"The policy remembers its plans: expected the state that CreateState({input.Count}) gave, for {input.Count} rows.", nameof(input));
        var features = state.Encode(input);
        var rows = new List<int>();
        for (var i = 0; i < input.Count; i++)
        {
            if (input.Idle.IsEmpty || !input.Idle[i])
                rows.Add(i);
            if (!output.LogProbabilities.IsEmpty)
                output.LogProbabilities[i] = double.NaN;
        }

        var size = _device.type == TorchSharp.DeviceType.CPU ? 1 : Math.Max(1, rows.Count);
        foreach (var group in rows.Chunk(size))
            Act(group, features, state, input, output);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities) =>
        Throw.User($"{Name} plans, and what a search ends with has no probability; expected a policy whose actions have one. Score it with 'offlinerl evaluate rollout'.");

    public void Dispose()
    {
        _noise.Dispose();
        _actions.Dispose();
        _owned?.Dispose();
    }

    void Act(int[] rows, float[] features, PlanningState state, in PolicyInput input, in PolicyOutput output)
    {
        using var scope = NewDisposeScope();
        var streams = new RandomStream[rows.Length];
        for (var i = 0; i < rows.Length; i++)
            streams[i] = input.Random[rows[i]];
        _noise.Seed(streams);
        var latents = Latents(rows, features, state);
        var plan = _planner.Search(_model, latents, Starts(rows, state), Masks(rows, input), _noise);
        var returns = plan.Returns.cpu().data<float>().ToArray();
        var actions = plan.Actions.cpu().contiguous().data<float>().ToArray();
        var length = actions.Length / rows.Length;
        for (var i = 0; i < rows.Length; i++)
        {
            if (!float.IsFinite(returns[i]))
                Throw.User(string.Create(CultureInfo.InvariantCulture, $"Planning with {Name}: of {_config.CandidateCount} action sequences of {_config.Steps} steps none has a finite return in the model, which is too far from what it learned. Plan fewer steps with horizon=N, or train the model longer."));
            state.Plans[rows[i]] = actions.AsSpan(i * length, length).ToArray();
            Take(rows[i], state.Plans[rows[i]].AsSpan(0, _actions.Width), output);
        }

        if (!_model.HasMemory)
            return;
        var read = latents.cpu().contiguous().data<float>().ToArray();
        for (var i = 0; i < rows.Length; i++)
            state.Latents[rows[i]] = read.AsSpan(i * _model.LatentWidth, _model.LatentWidth).ToArray();
    }

    // What is taken stays in the plan as it was taken: a model with memory goes on from it.
    void Take(int row, Span<float> action, in PolicyOutput output)
    {
        if (_actions.IsDiscrete)
        {
            output.Discrete[row] = action.IndexOf(1f);
            return;
        }

        // Middle and half of a range are rounded.
        var box = (BoxSpace)ActionSpace;
        for (var d = 0; d < action.Length; d++)
            output.Continuous[(row * action.Length) + d] = action[d] = Math.Clamp(action[d], (float)box.Low[d], (float)box.High[d]);
    }

    // [N, Z]: what the observations lead to, from the states and actions before.
    Tensor Latents(int[] rows, float[] features, PlanningState state)
    {
        var (read, before, taken, starts) = (new float[rows.Length * _encoder.Size], new float[rows.Length * _model.LatentWidth], new float[rows.Length * _actions.Width], new bool[rows.Length]);
        for (var i = 0; i < rows.Length; i++)
        {
            features.AsSpan(rows[i] * _encoder.Size, _encoder.Size).CopyTo(read.AsSpan(i * _encoder.Size));
            starts[i] = state.Plans[rows[i]] is null;
            if (starts[i] || !_model.HasMemory)
                continue;
            state.Latents[rows[i]]!.CopyTo(before.AsSpan(i * _model.LatentWidth));
            state.Plans[rows[i]].AsSpan(0, _actions.Width).CopyTo(taken.AsSpan(i * _actions.Width));
        }

        using var quiet = no_grad();
        return _model.Observe(Rows(before), Rows(taken), tensor(starts).to(_device), Rows(read), null);

        Tensor Rows(float[] values) => tensor(values).reshape(rows.Length, values.Length / rows.Length).to(_device);
    }

    Tensor Starts(int[] rows, PlanningState state) => cat([.. rows.Select(row => state.Plans[row] is { } plan
        ? _actions.Shifted(tensor(plan).reshape(1, _config.Steps, _actions.Width).to(_device))
        : _actions.Neutral(1, _config.Steps, _device))]);

    Tensor? Masks(int[] rows, in PolicyInput input)
    {
        if (input.ActionMasks.IsEmpty || !_actions.IsDiscrete)
            return null;
        var masks = new bool[rows.Length * _actions.Width];
        for (var i = 0; i < rows.Length; i++)
        {
            var mask = input.ActionMasks.Slice(rows[i] * _actions.Width, _actions.Width);
            if (!mask.Contains(true))
                Throw.User($"Policy {Name} was asked for an action where the mask allows none of {_actions.Width}; expected at least one.");
            mask.CopyTo(masks.AsSpan(i * _actions.Width));
        }

        return tensor(masks).reshape(rows.Length, _actions.Width).to(_device);
    }

    sealed class PlanningState(ObservationEncoder encoder, int instances) : IPolicyState
    {
        readonly FrameStackState _frames = new(encoder, instances);

        public int Instances => instances;

        /// <summary>[H, A] of each instance; null: none yet.</summary>
        public float[]?[] Plans { get; } = new float[]?[instances];

        /// <summary>[Z] of each instance: in which the first action of its plan was taken; null where there is no plan, or no memory.</summary>
        public float[]?[] Latents { get; } = new float[]?[instances];

        // Features of each instance; forgets the plans of episodes that are over.
        public float[] Encode(in PolicyInput input)
        {
            for (var i = 0; i < instances; i++)
            {
                if (!input.EpisodeStarts.IsEmpty && input.EpisodeStarts[i])
                    Plans[i] = null;
            }

            var features = new float[instances * encoder.Size];
            _frames.Push(input.Observations, input.EpisodeStarts, features);
            return features;
        }
    }
}
