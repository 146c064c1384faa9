using static OfflineRL.Tests.Environments.GameTable;

namespace OfflineRL.Tests.Environments;

public sealed class SeaquestTests
{
    const string Id = "Seaquest-MinAtar-v1?sticky=0";

    // Planes.
    const int Front = 0, Back = 1, Bullets = 2, Trail = 3, EnemyBullets = 4, Fish = 5, Subs = 6, OxygenGauge = 7, DiverGauge = 8, Divers = 9;

    [Fact]
    public void Start_OfAnEpisode_IsAtTheSurfaceWithFullOxygen()
    {
        using var game = new GameTable(Id);
        Assert.Equal([(5, 0)], game.Plane(Front));
        Assert.Equal([(6, 0)], game.Plane(Back));
        Assert.Equal(Enumerable.Range(0, 10).Select(x => (x, 9)), game.Plane(OxygenGauge));
        Assert.Empty(game.Plane(DiverGauge));
        // Oxygen lasts as long as the submarine has not dived.
        Assert.Equal(200, game.Step(None, None)["oxygen"]);
        Assert.False(game.Ended);
    }

    [Fact]
    public void Submarine_MovesFacesAndStaysInside()
    {
        using var game = new GameTable(Id);
        game.Step(Right);
        Assert.Equal(((6, 0), (5, 0)), (Assert.Single(game.Plane(Front)), Assert.Single(game.Plane(Back))));
        game.Step(Down);
        Assert.Equal([(6, 1)], game.Plane(Front));
        Assert.Equal(199, game["oxygen"]);
        Assert.Equal([(0, 8)], game.Put(("submarine x", 0), ("submarine y", 8), ("submarine faces right", 0)).Step(Left, Down).Plane(Front));
        Assert.Equal([(9, 8)], game.Put(("submarine x", 9), ("submarine y", 8), ("submarine faces right", 1)).Step(Right).Plane(Front));
    }

    [Fact]
    public void Bullet_ShootsAFishForOne()
    {
        using var game = new GameTable(Id);
        game.Put([("submarine y", 4), .. List("fish", (2, 4, 1, 5, 0))]);
        Assert.Equal([(2, 4)], game.Plane(Fish));
        Assert.Equal([(1, 4)], game.Plane(Trail));
        game.Step(Fire);
        Assert.Equal([(4, 4)], game.Plane(Bullets));
        Assert.Equal(4, game["frames to the next shot"]);
        // No second one yet.
        Assert.Equal([(3, 4)], game.Step(Fire).Plane(Bullets));
        game.Step(None);
        Assert.Equal(1, game.Reward);
        Assert.Empty(game.Plane(Bullets).Concat(game.Plane(Fish)));
    }

    [Theory]
    [InlineData("fish", Fish)]
    [InlineData("enemy submarine", Subs)]
    public void Enemy_ThatSwimsIntoABullet_IsShot(string enemy, int plane)
    {
        using var game = new GameTable(Id);
        // The bullet goes from 6 to 5, then the enemy from 4 to 5.
        game.Put([("submarine y", 4), ("submarine x", 8), .. List(enemy, (4, 4, 1, 0, 9)), .. List("own bullet", (6, 4, 0, 0, 0))]).Step(None);
        Assert.Equal(1, game.Reward);
        Assert.False(game.Ended);
        Assert.Empty(game.Plane(plane).Concat(game.Plane(Bullets)));
    }

    [Theory]
    [InlineData("fish", 0)]
    [InlineData("enemy submarine", 0)]
    [InlineData("enemy bullet", 0)]
    public void Enemy_ThatMeetsTheSubmarine_EndsTheEpisode(string enemy, int toMove)
    {
        using var game = new GameTable(Id);
        game.Put([("submarine y", 4), .. List(enemy, (4, 4, 1, toMove, 9))]).Step(None);
        Assert.True(game.Ended);
        Assert.Equal(0, game.Reward);
        // One row above nothing happens.
        game.Put([("submarine y", 4), .. List(enemy, (4, 3, 1, toMove, 9))]).Step(None);
        Assert.False(game.Ended);
    }

    [Fact]
    public void EnemySubmarine_ShootsWhenItsTimeHasCome()
    {
        using var game = new GameTable(Id);
        game.Put([("submarine y", 1), .. List("enemy submarine", (2, 6, 1, 5, 0))]).Step(None);
        // The bullet has moved in the frame that it was shot in.
        Assert.Equal([(3, 6)], game.Plane(EnemyBullets));
        Assert.Equal([(2, 6)], game.Plane(Subs));
        Assert.Equal(10, game["enemy submarine 1 frames to the next shot"]);
        Assert.Equal([(4, 6)], game.Step(None).Plane(EnemyBullets));
        Assert.Empty(game.Step(None, None, None, None, None, None).Plane(EnemyBullets));
    }

    [Fact]
    public void Enemies_MoveAFrameAfterTheirWaitAndLeave()
    {
        using var game = new GameTable(Id);
        game.Put([("submarine y", 1), .. List("fish", (8, 6, 1, 0, 0))]).Step(None);
        Assert.Equal([(9, 6)], game.Plane(Fish));
        Assert.Equal([(9, 6)], game.Step(None, None, None, None, None).Plane(Fish));
        Assert.Empty(game.Step(None).Plane(Fish));
    }

    [Fact]
    public void Divers_ComeAboardUpToSix()
    {
        using var game = new GameTable(Id);
        game.Put([("submarine y", 4), ("divers aboard", 5), .. List("diver", (5, 4, 1, 3, 0), (6, 4, 0, 0, 0))]).Step(None);
        // The one on the spot; the other one, which is due, moves onto it first and takes the place: lists go from the newest.
        Assert.Equal(6, game["divers aboard"]);
        Assert.Equal([(5, 4)], game.Plane(Divers));
        Assert.Equal([(3, 9), (4, 9), (5, 9), (6, 9), (7, 9), (8, 9)], game.Plane(DiverGauge));
        Assert.Equal(0, game.Reward);
    }

    [Fact]
    public void Surface_WithAFewDivers_LandsOneAndFillsTheOxygen()
    {
        using var game = new GameTable(Id);
        game.Put(("submarine y", 1), ("divers aboard", 2), ("oxygen", 50), ("has surfaced", 0)).Step(Up);
        Assert.Equal((0, false), (game.Reward, game.Ended));
        Assert.Equal((1, 200), (game["divers aboard"], game["oxygen"]));
        Assert.Equal((19, 5, 1), (game["frames between spawns"], game["frames between moves"], game["ramps"]));
        // Once, until it has dived again.
        Assert.Equal(1, game.Step(None)["divers aboard"]);
    }

    [Fact]
    public void Surface_WithSixDivers_EarnsTheOxygenLeft()
    {
        using var game = new GameTable(Id);
        game.Put(("submarine y", 1), ("divers aboard", 6), ("oxygen", 119), ("has surfaced", 0), ("ramps", 1)).Step(Up);
        Assert.Equal((5, false), (game.Reward, game.Ended));
        // One more than there were: the reference takes one each time.
        Assert.Equal((-1, 200), (game["divers aboard"], game["oxygen"]));
        Assert.Equal((19, 4, 2), (game["frames between spawns"], game["frames between moves"], game["ramps"]));
        Assert.Empty(game.Plane(DiverGauge));
    }

    [Fact]
    public void Surface_WithoutADiver_EndsTheEpisode()
    {
        using var game = new GameTable(Id);
        Assert.True(game.Put(("submarine y", 1), ("has surfaced", 0)).Step(Up).Ended);
    }

    [Fact]
    public void Oxygen_WhereItHasRunOut_EndsTheEpisode()
    {
        using var game = new GameTable(Id);
        game.Put(("submarine y", 4), ("has surfaced", 0), ("oxygen", 1)).Step(None);
        Assert.False(game.Ended);
        Assert.Empty(game.Plane(OxygenGauge));
        Assert.True(game.Step(None).Ended);
        game.Put(("submarine y", 4), ("has surfaced", 0), ("oxygen", 101)).Step(None);
        Assert.Equal(5, game.Plane(OxygenGauge).Length);
        Assert.Equal(4, game.Step(None).Plane(OxygenGauge).Length);
    }

    [Fact]
    public void Ramping_Off_LeavesIntervals()
    {
        using var game = new GameTable(Id + "&ramping=0");
        game.Put(("submarine y", 1), ("divers aboard", 2), ("has surfaced", 0), ("ramps", 1)).Step(Up);
        Assert.Equal((20, 5, 1), (game["frames between spawns"], game["frames between moves"], game["ramps"]));
    }

    [Fact]
    public void Spawn_OfManyEnemies_IsAThirdSubmarinesAndNeverAgainstTheTraffic()
    {
        using var game = new GameTable(Id);
        var (subs, all, refused) = (0, 0, 0);
        for (ulong seed = 0; seed < 900; seed++)
        {
            game.Reset(seed).Put([("frames to the next spawn", 0), .. List("fish", [.. Enumerable.Range(1, 8).Select(y => (5, y, 1, 5, 0))])]).Step(None);
            var comers = game.Plane(Fish).Concat(game.Plane(Subs)).Where(p => p.X != 5).ToArray();
            Assert.All(comers, p => Assert.Equal(0, p.X));
            (subs, all, refused) = (subs + game.Plane(Subs).Length, all + comers.Length, refused + (comers.Length == 0 ? 1 : 0));
        }

        // Five standard errors of a half and of a third.
        Assert.InRange(refused / 900.0, 0.5 - 0.084, 0.5 + 0.084);
        Assert.InRange(subs / (double)all, (1 / 3.0) - 0.112, (1 / 3.0) + 0.112);
    }

    [Fact]
    public void Diver_ComesWhenItsTimeHasCome()
    {
        using var game = new GameTable(Id);
        game.Put(("frames to the next diver", 0)).Step(None);
        Assert.Contains(Assert.Single(game.Plane(Divers)).X, new[] { 0, 9 });
        Assert.Equal(29, game["frames to the next diver"]);
    }

    [Fact]
    public void State_WithTheBackOutside_IsRefused()
    {
        using var game = new GameTable(Id);
        Assert.Throws<ArgumentOutOfRangeException>(() => game.Put(("submarine x", 9)));
        Assert.Throws<ArgumentOutOfRangeException>(() => game.Put(("submarine x", 0), ("submarine faces right", 1)));
        Assert.Equal(5, game["submarine x"]);
    }

    // x, y, moves right, frames to the next move, frames to the next shot.
    static IEnumerable<(string Name, double Value)> List(string name, params (int X, int Y, int Right, int ToMove, int ToShoot)[] items) => items
        .SelectMany((s, k) => new (string, double)[]
        {
            ($"{name} {k + 1} x", s.X), ($"{name} {k + 1} y", s.Y), ($"{name} {k + 1} moves right", s.Right), ($"{name} {k + 1} frames to the next move", s.ToMove), ($"{name} {k + 1} frames to the next shot", s.ToShoot),
        })
        .Prepend(($"{name}: how many", items.Length));
}
