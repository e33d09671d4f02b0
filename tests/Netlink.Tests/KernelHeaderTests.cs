using System.Reflection;
using Dataplane.Netlink.Uapi;
using Dataplane.TestKit;

namespace Dataplane.Netlink.Tests;

public sealed class KernelHeaderTests
{
    private static readonly Type[] Classes = [.. typeof(KernelHeaderAttribute).Assembly.GetTypes().Where(type => type.IsDefined(typeof(KernelHeaderAttribute)))];

    public static TheoryData<string> ClassNames() => [.. Classes.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(ClassNames))]
    public async Task ConstantsHaveTheValuesOfTheirHeader(string className)
    {
        var type = Classes.Single(candidate => candidate.Name == className);
        var constants = CConstants.Of(type);
        var header = type.GetCustomAttribute<KernelHeaderAttribute>()!.Path;

        Assert.NotEmpty(constants);
        Assert.Equal(constants, await CConstants.ReadAsync(["sys/socket.h", "netinet/in.h", "linux/netlink.h", header], constants.Keys));
    }
}
