using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Goes up whenever it may.</summary>
sealed class FreewayPlayer(EnvironmentIdentity identity) : PixelPlayer(Freeway.Game, identity)
{
    protected override PixelAction Choose(ReadOnlySpan<float> planes) => PixelAction.Up;
}
