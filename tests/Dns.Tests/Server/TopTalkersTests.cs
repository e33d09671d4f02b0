using System.Text;
using Dataplane.Dns.Server;

namespace Dataplane.Dns.Tests.Server;

public sealed class TopTalkersTests
{
    /// <summary>However many strangers come by, who is really counted most is found, and no count is too small.</summary>
    [Fact]
    public void WhoAsksMostIsFoundAmongMany()
    {
        var talkers = new TopTalkers(16);
        var random = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            talkers.Add(Encoding.ASCII.GetBytes((i % 10) switch { < 3 => "loud", < 5 => "second", _ => $"stranger-{random.Next(5000)}" }));
        }

        var top = talkers.Top(2);
        Assert.Equal(["loud", "second"], top.Select(talker => Encoding.ASCII.GetString(talker.Key)));
        Assert.True(top[0].Count >= 6000 * TopTalkers.Sampling && top[1].Count >= 4000 * TopTalkers.Sampling);
        Assert.Equal(64, talkers.Top(int.MaxValue).Length);
    }
}
