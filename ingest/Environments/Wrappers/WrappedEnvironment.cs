using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>
/// An environment under all wrappers of an identity at once. What the inner one can do beside stepping it can do too:
/// <see cref="Create"/> makes the kind that says so.
/// </summary>
abstract partial class WrappedEnvironment : IVectorEnvironment
{
    readonly IVectorEnvironment _inner;
    readonly WrapperPlan _plan;
    readonly RepeatedStep _step;
    readonly RowStage[] _stages;
    readonly int _innerWidth, _width;

    // [B, D] of the inner environment: the last rows, as they entered the stages, and final ones.
    readonly float[] _rows, _final;

    // One row between each two stages.
    readonly float[][] _between;
    readonly int[] _steps;
    readonly bool[] _restarts;

    // Seeds of episodes that the inner environment does not start by itself.
    readonly RandomStream[] _seeds;

    WrappedEnvironment(IVectorEnvironment inner, WrapperPlan plan)
    {
        (_inner, _plan) = (inner, plan);
        _step = new RepeatedStep(inner, plan.Repeats, plan.ShowsMaximum);
        _stages = plan.Stages(inner.Count);
        _innerWidth = inner.ObservationSpace.FlatSize;
        _width = plan.ObservationSpace.FlatSize;
        _rows = new float[inner.Count * _innerWidth];
        _final = new float[inner.Count * _innerWidth];
        _between = [.. _stages.SkipLast(1).Select(s => new float[s.Width])];
        _steps = new int[inner.Count];
        _restarts = new bool[inner.Count];
        _seeds = new RandomStream[inner.Count];
        MaxEpisodeSteps = plan.MaxEpisodeSteps(inner.MaxEpisodeSteps);
    }

    public EnvironmentIdentity Identity => _inner.Identity;

    public int Count => _inner.Count;

    public Space ObservationSpace => _plan.ObservationSpace;

    public Space ActionSpace => _inner.ActionSpace;

    public int MaxEpisodeSteps { get; }

    public void Reset(ReadOnlySpan<ulong> seeds, Span<float> observations)
    {
        Throw.IfLengthDiffers(seeds.Length, Count, nameof(seeds));
        Throw.IfLengthDiffers(observations.Length, Count * _width, nameof(observations));
        _inner.Reset(seeds, _rows);
        for (var i = 0; i < Count; i++)
        {
            Seed(i, seeds[i]);
            Begin(i, Outer(observations, i));
        }
    }

    public void ResetInstance(int instance, ulong seed, Span<float> observation)
    {
        Throw.IfOutsideBatch(instance, Count);
        Throw.IfLengthDiffers(observation.Length, _width, nameof(observation));
        _inner.ResetInstance(instance, seed, Row(instance));
        Seed(instance, seed);
        Begin(instance, observation);
    }

    public void Step(in ActionBatch actions, in StepOutput output)
    {
        Throw.IfLengthDiffers(output.Observations.Length, Count * _width, nameof(output.Observations));
        Throw.IfLengthDiffers(output.FinalObservations.Length, Count * _width, nameof(output.FinalObservations));
        Throw.IfLengthDiffers(output.Rewards.Length, Count, nameof(output.Rewards));
        Throw.IfLengthDiffers(output.Terminated.Length, Count, nameof(output.Terminated));
        Throw.IfLengthDiffers(output.Truncated.Length, Count, nameof(output.Truncated));
        var inner = new StepOutput { Observations = _rows, Rewards = output.Rewards, Terminated = output.Terminated, Truncated = output.Truncated, FinalObservations = _final };
        _step.Run(actions, inner, _restarts);
        for (var i = 0; i < Count; i++)
        {
            output.Rewards[i] = Math.Clamp(output.Rewards[i], -_plan.RewardBound, _plan.RewardBound);
            var ended = output.Terminated[i] || output.Truncated[i];
            if (!ended && ++_steps[i] < _plan.TimeLimit)
            {
                Pass(i, Row(i), Outer(output.Observations, i));
                continue;
            }

            output.Truncated[i] = !output.Terminated[i];
            Pass(i, ended ? _final.AsSpan(i * _innerWidth, _innerWidth) : Row(i), Outer(output.FinalObservations, i));
            if (!ended || _restarts[i])
                _inner.ResetInstance(i, _seeds[i].NextUInt64(), Row(i));
            Begin(i, Outer(output.Observations, i));
        }
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => _inner.Dispose();

    void Seed(int instance, ulong seed)
    {
        _seeds[instance] = RandomStream.Create(seed, "episodes of wrappers");
        foreach (var stage in _stages)
            stage.Seed(instance, seed);
    }

    // The first row of an episode through all stages.
    void Begin(int instance, Span<float> output)
    {
        _steps[instance] = 0;
        if (_stages.Length == 0)
            Row(instance).CopyTo(output);
        ReadOnlySpan<float> input = Row(instance);
        for (var k = 0; k < _stages.Length; k++)
        {
            var result = Result(k, output);
            _stages[k].Start(instance, input, result);
            input = result;
        }
    }

    // A later row through all stages.
    void Pass(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        if (_stages.Length == 0)
            input.CopyTo(output);
        for (var k = 0; k < _stages.Length; k++)
        {
            var result = Result(k, output);
            _stages[k].Next(instance, input, result);
            input = result;
        }
    }

    // What the last row became, once more.
    void Show(int instance, Span<float> output)
    {
        if (_stages.Length == 0)
            Row(instance).CopyTo(output);
        ReadOnlySpan<float> input = Row(instance);
        for (var k = 0; k < _stages.Length; k++)
        {
            var result = Result(k, output);
            _stages[k].Again(instance, input, result);
            input = result;
        }
    }

    Span<float> Result(int stage, Span<float> output) => stage < _between.Length ? _between[stage] : output;

    Span<float> Row(int instance) => _rows.AsSpan(instance * _innerWidth, _innerWidth);

    Span<float> Outer(Span<float> rows, int instance) => rows.Slice(instance * _width, _width);
}
