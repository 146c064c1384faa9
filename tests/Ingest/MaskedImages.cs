using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Ingest;

/// <summary>
/// Images of unsigned bytes and actions that are not always allowed, in a few lines: the state counts up by the action's number plus one, and
/// an action is allowed where its number has another remainder by 3 than the state. Ends by itself from 40 on, by the limit after 12 steps.
/// </summary>
sealed class MaskedImages(int count) : BatchEnvironment(new EnvironmentIdentity("MaskedImages-v0", new Dictionary<string, double>()), Observations, new DiscreteSpace(3), 12, count), IMaskedEnvironment
{
    public static BoxSpace Observations { get; } = new([1, 2, 2], new double[4], [255, 255, 255, 255], ElementType.UInt8);

    readonly int[] _state = new int[count];

    public override IReadOnlyList<string> StateNames => ["state"];

    public static bool IsAllowed(int state, int action) => state % 3 != action;

    public void ActionMasks(Span<bool> masks)
    {
        for (var i = 0; i < masks.Length; i++)
            masks[i] = IsAllowed(_state[i / 3], i % 3);
    }

    protected override void Start(int instance) => _state[instance] = Random[instance].NextInt(20);

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        for (var i = 0; i < Count; i++)
        {
            rewards[i] = IsAllowed(_state[i], actions.Discrete[i]) ? 1 : -100;
            _state[i] += actions.Discrete[i] + 1;
            terminated[i] = _state[i] >= 40;
        }
    }

    protected override void Observe(int instance, Span<float> observation)
    {
        observation.Fill(200);
        observation[1] = _state[instance];
    }

    protected override void ReadState(int instance, Span<double> state) => state[0] = _state[instance];

    protected override void WriteState(int instance, ReadOnlySpan<double> state) => _state[instance] = (int)state[0];
}
