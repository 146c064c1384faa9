using static TorchSharp.torch;

namespace OfflineRL.Train.Algorithms;

/// <summary>A copy of live tensors, to go back to: parameters with the moments of their optimizer.</summary>
sealed class Snapshot : IDisposable
{
    readonly IReadOnlyList<NamedTensor> _live, _copies;

    /// <param name="live">Outlive it; copied at once.</param>
    public Snapshot(IReadOnlyList<NamedTensor> live)
    {
        _live = live;
        _copies = [.. live.Select(entry => new NamedTensor(entry.Name, entry.Tensor.detach().clone().DetachFromDisposeScope()))];
    }

    /// <summary>The copies, for checkpoints.</summary>
    public IEnumerable<NamedTensor> State(string prefix) => _copies.Select(entry => entry with { Name = prefix + entry.Name });

    /// <summary>Copies what is live.</summary>
    public void Take() => Copy(_live, _copies);

    /// <summary>Makes what is live as it was.</summary>
    public void GiveBack() => Copy(_copies, _live);

    public void Dispose()
    {
        foreach (var copy in _copies)
            copy.Tensor.Dispose();
    }

    static void Copy(IReadOnlyList<NamedTensor> from, IReadOnlyList<NamedTensor> to)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        for (var i = 0; i < to.Count; i++)
            to[i].Tensor.copy_(from[i].Tensor);
    }
}
