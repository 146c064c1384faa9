using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Steps out of the way of a bullet that is about to hit, else goes below the nearest column of aliens and shoots.</summary>
sealed class SpaceInvadersPlayer(EnvironmentIdentity identity) : PixelPlayer(SpaceInvaders.Game, identity)
{
    const int Side = PixelGame.Side;

    // Rows above the cannon in which a bullet is about to hit: it falls a row before the cannon has moved.
    const int Near = 2;

    protected override PixelAction Choose(ReadOnlySpan<float> planes)
    {
        var cannon = Find(planes, 0) % Side;
        var aliens = planes.Slice(PixelGame.Cells, PixelGame.Cells);
        var bullets = planes.Slice(5 * PixelGame.Cells, PixelGame.Cells);
        if (IsThreatened(bullets, cannon))
            return cannon > 0 && (cannon == Side - 1 || !IsThreatened(bullets, cannon - 1)) ? PixelAction.Left : PixelAction.Right;
        var target = Nearest(aliens, cannon);
        var step = Math.Sign(target - cannon);
        if (step == 0 || IsThreatened(bullets, cannon + step))
            return PixelAction.Fire;
        return step < 0 ? PixelAction.Left : PixelAction.Right;
    }

    static bool IsThreatened(ReadOnlySpan<float> bullets, int x)
    {
        for (var y = Side - 1 - Near; y < Side; y++)
        {
            if (bullets[(y * Side) + x] != 0)
                return true;
        }

        return false;
    }

    static int Nearest(ReadOnlySpan<float> aliens, int cannon)
    {
        var (nearest, distance) = (cannon, Side);
        for (var i = 0; i < aliens.Length; i++)
        {
            var apart = Math.Abs((i % Side) - cannon);
            if (aliens[i] != 0 && apart < distance)
                (nearest, distance) = (i % Side, apart);
        }

        return nearest;
    }
}
