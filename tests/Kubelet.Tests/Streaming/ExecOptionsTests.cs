using Dataplane.Kubelet.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Dataplane.Kubelet.Tests.Streaming;

public sealed class ExecOptionsTests
{
    [Theory]
    [InlineData("command=sh&command=-c&command=a%20b&output=1&error=1", "sh|-c|a b", false, true, true, false)]
    [InlineData("command=cat&input=1&output=1", "cat", true, true, false, false)]
    [InlineData("command=sh&input=1&output=1&error=1&tty=1", "sh", true, true, false, true)]
    public void TheQuerySaysCommandAndStreams(string query, string command, bool input, bool output, bool error, bool terminal)
    {
        var options = ExecOptions.Parse(Query(query));
        Assert.Equal(command.Split('|'), options.Command);
        Assert.Equal((input, output, error, terminal), (options.Input, options.Output, options.Error, options.Terminal));
    }

    [Theory]
    [InlineData("command=sh", "you must specify at least 1 of stdin, stdout, stderr")]
    [InlineData("output=1", "you must specify a command to run")]
    public void WhatIsMissingIsSaid(string query, string problem) =>
        Assert.Equal(problem, Assert.Throws<FormatException>(() => ExecOptions.Parse(Query(query))).Message);

    [Theory]
    [InlineData("v4.channel.k8s.io v5.channel.k8s.io", "v5.channel.k8s.io")]
    [InlineData("channel.k8s.io v4.channel.k8s.io", "v4.channel.k8s.io")]
    [InlineData("SPDY/3.1+portforward.k8s.io", null)]
    public void TheNewestOfferedProtocolIsChosen(string offered, string? chosen) =>
        Assert.Equal(chosen, RemoteCommandProtocol.Choose(offered.Split(' ')));

    private static QueryCollection Query(string text) => new(QueryHelpers.ParseQuery(text));
}
