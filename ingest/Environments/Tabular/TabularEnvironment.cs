using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A batch of instances of a <see cref="TabularMdp"/>.</summary>
/// <remarks>
/// Observation: the state's number. Reward: the expected one of the transition. An instance ends with a transition that ends
/// the episode, which leads to a state that is observed like any other.
/// </remarks>
class TabularEnvironment : BatchEnvironment
{
    /// <summary>States from here on are no longer told apart by float32.</summary>
    public const int MostStates = 1 << 24;

    static readonly string[] Names = ["state (number)"];

    readonly TabularSampler _sampler;
    readonly int[] _states;

    protected TabularEnvironment(EnvironmentIdentity identity, TabularSampler sampler, int stepLimit, int count)
        : base(identity, new DiscreteSpace(sampler.Mdp.StateCount), new DiscreteSpace(sampler.Mdp.ActionCount), stepLimit, count)
    {
        (_sampler, _states) = (sampler, new int[count]);
        if (sampler.Mdp.StateCount > MostStates)
            throw Throw.TabularTooManyStates(identity, sampler.Mdp.StateCount);
    }

    public override IReadOnlyList<string> StateNames => Names;

    protected TabularMdp Mdp => _sampler.Mdp;

    /// <summary>[B].</summary>
    protected ReadOnlySpan<int> States => _states;

    /// <summary>Makes one, which gives masks where the MDP has one.</summary>
    /// <exception cref="UserErrorException">More states than float32 tells apart.</exception>
    public static TabularEnvironment Create(EnvironmentIdentity identity, TabularSampler sampler, int stepLimit, int count) => sampler.Mdp.HasMask
        ? new MaskedTabularEnvironment(identity, sampler, stepLimit, count)
        : new TabularEnvironment(identity, sampler, stepLimit, count);

    protected override void Start(int instance) => _states[instance] = _sampler.Start(Random[instance]);

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated) =>
        _sampler.Step(actions.Discrete, _states, Random, rewards, terminated);

    protected override void Observe(int instance, Span<float> observation) => observation[0] = _states[instance];

    protected override void Observe(Span<float> observations)
    {
        for (var i = 0; i < _states.Length; i++)
            observations[i] = _states[i];
    }

    protected override void ReadState(int instance, Span<double> state) => state[0] = _states[instance];

    protected override void WriteState(int instance, ReadOnlySpan<double> state)
    {
        if (!double.IsInteger(state[0]) || state[0] < 0 || state[0] >= Mdp.StateCount || Mdp.IsTerminal((int)state[0]))
            throw Throw.TabularState(Identity, state[0], Mdp.StateCount);
        _states[instance] = (int)state[0];
    }
}

/// <summary>A batch of instances of a <see cref="TabularMdp"/> in which not every action is allowed; those that are not are refused.</summary>
sealed class MaskedTabularEnvironment(EnvironmentIdentity identity, TabularSampler sampler, int stepLimit, int count)
    : TabularEnvironment(identity, sampler, stepLimit, count), IMaskedEnvironment
{
    public void ActionMasks(Span<bool> masks)
    {
        var actions = Mdp.ActionCount;
        Throw.IfLengthDiffers(masks.Length, Count * actions, nameof(masks));
        for (var i = 0; i < States.Length; i++)
            Mdp.Mask.Slice(States[i] * actions, actions).CopyTo(masks[(i * actions)..]);
    }

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        // All of them before the first one moves.
        var mask = Mdp.Mask;
        var width = Mdp.ActionCount;
        for (var i = 0; i < States.Length; i++)
        {
            if (!mask[(States[i] * width) + actions.Discrete[i]])
                throw Throw.TabularActionForbidden(Mdp, i, States[i], actions.Discrete);
        }

        base.Advance(actions, rewards, terminated);
    }
}
