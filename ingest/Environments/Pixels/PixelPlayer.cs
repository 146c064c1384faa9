using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>A scripted, deterministic player of a pixel game, which sees what any policy sees.</summary>
abstract class PixelPlayer : IPolicy
{
    readonly int[] _numbers;
    readonly int _width;

    protected PixelPlayer(GameDescription game, EnvironmentIdentity identity)
    {
        ObservationSpace = game.Observations;
        ActionSpace = game.Actions(identity);
        _width = game.Observations.FlatSize;
        // From a meaning to its number in this action set; -1 where the set lacks it.
        var set = game.ActionSet(identity);
        _numbers = [.. Enum.GetValues<PixelAction>().Select(a => Array.IndexOf(set, a))];
    }

    public string Name => "scripted";

    public Space ObservationSpace { get; }

    public Space ActionSpace { get; }

    public IPolicyState? CreateState(int instances) => null;

    public void Act(in PolicyInput input, in PolicyOutput output)
    {
        for (var i = 0; i < input.Count; i++)
        {
            output.Discrete[i] = Number(input, i);
            output.LogProbabilities[i] = 0;
        }

        Probabilities(input, output.Probabilities);
    }

    public void Score(in PolicyInput input, in ActionBatch actions, Span<double> logProbabilities, Span<double> probabilities)
    {
        for (var i = 0; i < input.Count; i++)
            logProbabilities[i] = Number(input, i) == actions.Discrete[i] ? 0 : double.NegativeInfinity;
        Probabilities(input, probabilities);
    }

    /// <summary>What to do about one observation, [n, 10, 10]; one of the game's minimal actions.</summary>
    protected abstract PixelAction Choose(ReadOnlySpan<float> planes);

    /// <summary>The first cell of a plane that is on; -1 where none is.</summary>
    protected static int Find(ReadOnlySpan<float> planes, int plane) =>
        planes.Slice(plane * PixelGame.Cells, PixelGame.Cells).IndexOfAnyExcept(0f);

    int Number(in PolicyInput input, int row) => _numbers[(int)Choose(input.Observations.Slice(row * _width, _width))];

    void Probabilities(in PolicyInput input, Span<double> probabilities)
    {
        if (probabilities.IsEmpty)
            return;
        probabilities.Clear();
        for (var i = 0; i < input.Count; i++)
            probabilities[(i * ((DiscreteSpace)ActionSpace).Count) + Number(input, i)] = 1;
    }
}
