using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Tests.Environments;

/// <summary>
/// An environment to wrap whose numbers can be worked out by hand: number j of an observation is 10 t + j after t steps,
/// or what a test says; step t gives reward t (or a multiple); an episode is terminated after a number of steps.
/// </summary>
class Countdown(Space observations, int length, int count, Func<int, int, float>? look = null, int limit = int.MaxValue, double scale = 1)
    : BatchEnvironment(new EnvironmentIdentity("Countdown-v0", new Dictionary<string, double>()), observations, new DiscreteSpace(2), limit, count)
{
    readonly int[] _time = new int[count];

    /// <summary>[B]: drawn at the start of an episode, so that episodes differ.</summary>
    public int[] Tags { get; } = new int[count];

    public override IReadOnlyList<string> StateNames => ["time", "tag"];

    public static EnvironmentDefinition Definition(Space observations) => new()
    {
        Id = "Countdown-v0",
        Description = "Counts.",
        ObservationSpace = observations,
        ActionSpace = new DiscreteSpace(2),
        MaxEpisodeSteps = int.MaxValue,
        Parameters = [],
        ReferenceRandomReturn = 1,
    };

    /// <summary>Under the wrappers of a query such as <c>frame_stack=4</c>.</summary>
    public static Batch Wrapped(string query, Space observations, int length = 5, int count = 1, Func<int, int, float>? look = null, int limit = int.MaxValue) =>
        Wrapped(query, new Countdown(observations, length, count, look, limit));

    public static Batch Wrapped(string query, IVectorEnvironment inner) =>
        new(WrapperParameters.Wrap(inner, Definition(inner.ObservationSpace), IdentityOf(query)));

    public static EnvironmentIdentity IdentityOf(string query) => new(
        "Countdown-v0",
        query.Split('&').Select(p => p.Split('=')).ToDictionary(p => p[0], p => double.Parse(p[1], System.Globalization.CultureInfo.InvariantCulture)));

    protected override void Start(int instance)
    {
        _time[instance] = 0;
        Tags[instance] = Random[instance].NextInt(1000);
    }

    protected override void Advance(in ActionBatch actions, Span<double> rewards, Span<bool> terminated)
    {
        for (var i = 0; i < Count; i++)
        {
            rewards[i] = scale * ++_time[i];
            terminated[i] = _time[i] >= length;
        }
    }

    protected override void Observe(int instance, Span<float> observation)
    {
        for (var j = 0; j < observation.Length; j++)
            observation[j] = look is null ? (10 * _time[instance]) + j : look(_time[instance], j);
    }

    protected override void ReadState(int instance, Span<double> state) => (state[0], state[1]) = (_time[instance], Tags[instance]);

    protected override void WriteState(int instance, ReadOnlySpan<double> state) => (_time[instance], Tags[instance]) = ((int)state[0], (int)state[1]);
}
