using OfflineRL.Datasets;
using OfflineRL.Environments;

namespace OfflineRL.Cli.Environments;

/// <summary>An episode of a dataset, drawn from its observations.</summary>
sealed class StoredEpisode : DrawnEpisode
{
    readonly IPainter _painter;
    readonly int _width, _actionWidth;
    float[] _observations = [], _continuous = [], _final = [];
    int[] _discrete = [];
    double[] _rewards = [];

    /// <param name="dataset">Holds it.</param>
    /// <param name="episode">From 0.</param>
    /// <param name="environment">Draws the observations; null: what the episode was recorded on.</param>
    /// <exception cref="UserErrorException">There is no such episode, or it cannot be drawn.</exception>
    public StoredEpisode(Dataset dataset, long episode, string? environment)
    {
        var manifest = dataset.Manifest;
        _width = manifest.ObservationSpace.FlatSize;
        _actionWidth = manifest.ActionSpace is BoxSpace ? manifest.ActionSpace.FlatSize : 0;
        EpisodeRecord? record = null;
        dataset.ReadEpisode(episode, (EpisodeRecord found, in EpisodeColumns columns) =>
        {
            record = found;
            (_observations, _final) = manifest.ObservationSpace is BoxSpace { ElementType: ElementType.UInt8 }
                ? (Floats(columns.ObservationBytes), Floats(columns.FinalObservationBytes))
                : (columns.Observations.ToArray(), columns.FinalObservation.ToArray());
            (_discrete, _continuous, _rewards) = (columns.DiscreteActions.ToArray(), columns.ContinuousActions.ToArray(), columns.Rewards.ToArray());
        });
        var identity = environment is not null ? EnvironmentRegistry.Resolve(environment) : record!.Environment ?? manifest.Environment;
        _painter = Painter(dataset, identity, required: environment is not null);
        Title = $"{dataset.FullName}  episode {episode}  {record!.BehaviorPolicy}";
    }

    public override string Title { get; }

    public override (int Width, int Height) Size => _painter.Size;

    public override void Play(int limit, Action<EpisodeFrame> visit)
    {
        var (sum, steps) = (0.0, Math.Min(limit, _rewards.Length));
        var last = steps < _rewards.Length ? _observations.AsMemory(steps * _width, _width) : _final;
        for (var t = 0; t < steps; t++)
        {
            visit(Frame(t, sum, _observations.AsMemory(t * _width, _width), _actionWidth == 0 ? _discrete[t] : -1, _continuous.AsMemory(t * _actionWidth, _actionWidth), t + 1 == steps && last.IsEmpty));
            sum += _rewards[t];
        }

        if (!last.IsEmpty)
            visit(Frame(steps, sum, last, -1, default, isLast: true));
    }

    public override void Dispose()
    {
    }

    // A log may come from an environment that is not here, or from one whose parameters have changed since; its images can still be shown.
    static IPainter Painter(Dataset dataset, EnvironmentIdentity? identity, bool required)
    {
        var observations = dataset.Manifest.ObservationSpace;
        EnvironmentDefinition? definition = null;
        try
        {
            definition = identity is null ? null : EnvironmentRegistry.Definition(identity.ToString());
        }
        catch (UserErrorException) when (!required)
        {
        }

        if (definition?.Painter is not null && definition.ObservationSpace.FlatSize != observations.FlatSize)
        {
            throw new UserErrorException(
                $"Episodes of {dataset.FullName} have observations of {observations}; those of {identity!.Id} are {definition.ObservationSpace}. Name the environment that they come from.");
        }

        return EnvironmentPictures.Painter(definition, identity, observations) ?? throw new UserErrorException(
            $"Episodes of {dataset.FullName} cannot be drawn: their observations, {observations}, are neither images of unsigned bytes nor discrete, and {(identity is null
                ? "the dataset names no environment. Name one that can be drawn before --dataset."
                : $"{identity.Id} {(definition is null ? "is not known here" : "has no painter")}.")}");
    }

    static float[] Floats(ReadOnlySpan<byte> bytes)
    {
        var floats = new float[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
            floats[i] = bytes[i];
        return floats;
    }

    EpisodeFrame Frame(int step, double sum, ReadOnlyMemory<float> observation, int discrete, ReadOnlyMemory<float> continuous, bool isLast) =>
        new(step, ActionText(discrete, continuous.Span), sum, isLast, canvas =>
            _painter.Paint(canvas, new PaintedStep { Observation = observation.Span, Discrete = discrete, Continuous = continuous.Span }));
}
