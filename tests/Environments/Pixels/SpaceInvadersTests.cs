using static OfflineRL.Tests.Environments.GameTable;

namespace OfflineRL.Tests.Environments;

public sealed class SpaceInvadersTests
{
    const string Id = "SpaceInvaders-MinAtar-v1?sticky=0";

    // Planes.
    const int Cannon = 0, Aliens = 1, MoveLeft = 2, MoveRight = 3, Bullets = 4, EnemyBullets = 5;

    [Fact]
    public void Start_OfAnEpisode_HasFourRowsOfSixThatMoveLeft()
    {
        using var game = new GameTable(Id);
        Assert.Equal([(5, 9)], game.Plane(Cannon));
        Assert.Equal(Enumerable.Range(0, 24).Select(i => (2 + (i % 6), i / 6)), game.Plane(Aliens));
        Assert.Equal(game.Plane(Aliens), game.Plane(MoveLeft));
        Assert.Empty(game.Plane(MoveRight));
    }

    [Fact]
    public void Cannon_MovesAndStaysInside()
    {
        using var game = new GameTable(Id);
        Assert.Equal([(4, 9)], game.Step(Left).Plane(Cannon));
        Assert.Equal([(0, 9)], game.Put(("cannon x", 0)).Step(Left).Plane(Cannon));
        Assert.Equal([(9, 9)], game.Put(("cannon x", 9)).Step(Right).Plane(Cannon));
        Assert.Equal([(5, 9)], game.Put(("cannon x", 5)).Step(Up, Down).Plane(Cannon));
    }

    [Fact]
    public void Bullet_FliesUpAndShootsAnAlienForOne()
    {
        using var game = new GameTable(Id);
        Assert.Equal([(5, 8)], game.Step(Fire).Plane(Bullets));
        // None in the next four frames.
        Assert.Equal([(5, 4)], game.Step(Fire, Fire, Fire, Fire).Plane(Bullets));
        Assert.Equal(0, game.Reward);
        Assert.Equal([(5, 8)], game.Step(Fire).Plane(Bullets));
        Assert.Equal(1, game.Reward);
        Assert.Equal(23, game.Plane(Aliens).Length);
        Assert.DoesNotContain((5, 3), game.Plane(Aliens));
    }

    [Fact]
    public void Bullet_AtTheTop_IsGone()
    {
        using var game = new GameTable(Id);
        game.Put(("own bullets in row 0", 1), ("own bullets in row 1", 2)).Step(None);
        Assert.Equal([(1, 0)], game.Plane(Bullets));
    }

    [Fact]
    public void Aliens_MoveWhenTheirTimeHasCome()
    {
        using var game = new GameTable(Id);
        var before = game.Plane(Aliens);
        Assert.Equal(before, game.Step([.. Enumerable.Repeat(None, 12)]).Plane(Aliens));
        Assert.Equal(before.Select(p => (p.X - 1, p.Y)), game.Step(None).Plane(Aliens));
        Assert.Equal(11, game["frames to the aliens' next move"]);
    }

    [Fact]
    public void Aliens_AtTheWall_MoveDownAndTurn()
    {
        using var game = new GameTable(Id);
        game.Put([.. NoAliens(), ("aliens in row 2", 1 | (1 << 3)), ("frames to the aliens' next move", 0)]).Step(None);
        Assert.Equal([(0, 3), (3, 3)], game.Plane(Aliens));
        Assert.Equal([(0, 3), (3, 3)], game.Plane(MoveRight));
        // Two are left: they move each two frames.
        Assert.Equal([(0, 3), (3, 3)], game.Step(None).Plane(Aliens));
        Assert.Equal([(1, 3), (4, 3)], game.Step(None).Plane(Aliens));
    }

    [Fact]
    public void Aliens_ThatTurnOnTheBottomRow_EndTheEpisode()
    {
        using var game = new GameTable(Id);
        game.Put([.. NoAliens(), ("cannon x", 7), ("aliens in row 9", 1), ("frames to the aliens' next move", 0)]).Step(None);
        Assert.True(game.Ended);
        Assert.Equal([(0, 0)], game.Plane(Aliens));
    }

    [Fact]
    public void Alien_ThatMeetsTheCannon_EndsTheEpisode()
    {
        using var game = new GameTable(Id);
        game.Put([.. NoAliens(), ("cannon x", 4), ("aliens in row 9", 1 << 5), ("frames to the aliens' next move", 0)]).Step(None);
        Assert.True(game.Ended);
        game.Put([.. NoAliens(), ("cannon x", 4), ("aliens in row 9", 1 << 5), ("frames to the aliens' next move", 5)]).Step(Right);
        Assert.True(game.Ended);
    }

    [Fact]
    public void EnemyBullet_FallsAndEndsTheEpisodeAtTheCannon()
    {
        using var game = new GameTable(Id);
        game.Put(("enemy bullets in row 7", 1 << 5)).Step(None);
        Assert.Equal([(5, 8)], game.Plane(EnemyBullets));
        Assert.False(game.Ended);
        Assert.True(game.Step(None).Ended);
        // Beside the cannon it is gone after the bottom row.
        game.Put(("enemy bullets in row 8", 1 << 2)).Step(None);
        Assert.Equal([(2, 9)], game.Plane(EnemyBullets));
        Assert.Empty(game.Step(None).Plane(EnemyBullets));
    }

    [Theory]
    [InlineData(5, (1 << 3) | (1 << 7), 3)]
    [InlineData(5, (1 << 2) | (1 << 7), 7)]
    [InlineData(0, (1 << 8) | (1 << 9), 8)]
    public void Aliens_ShootFromTheLowestOfTheNearestColumn(int cannon, int columns, int shooter)
    {
        using var game = new GameTable(Id);
        game.Put([.. NoAliens(), ("cannon x", cannon), ("aliens in row 1", columns), ("aliens in row 4", columns), ("frames to the aliens' next shot", 0)]).Step(None);
        Assert.Equal([(shooter, 4)], game.Plane(EnemyBullets));
        Assert.Equal(9, game["frames to the aliens' next shot"]);
    }

    [Theory]
    [InlineData("", 12, 11)]
    [InlineData("", 6, 6)]
    [InlineData("&ramping=0", 12, 12)]
    public void Wave_ThatIsCleared_IsFollowedByAFasterOne(string query, int interval, int then)
    {
        using var game = new GameTable(Id + query);
        game.Put([.. NoAliens(), ("aliens in row 4", 1 << 5), ("own bullets in row 5", 1 << 5), ("frames between moves", interval)]).Step(None);
        Assert.Equal(1, game.Reward);
        Assert.False(game.Ended);
        Assert.Equal(24, game.Plane(Aliens).Length);
        Assert.Equal(then, game["frames between moves"]);
    }

    [Fact]
    public void State_WithoutAliens_IsRefused()
    {
        using var game = new GameTable(Id);
        Assert.Throws<ArgumentOutOfRangeException>(() => game.Put([.. NoAliens()]));
        Assert.Equal(24, game.Plane(Aliens).Length);
    }

    static IEnumerable<(string Name, double Value)> NoAliens() => Enumerable.Range(0, 10).Select(y => ($"aliens in row {y}", 0.0));
}
