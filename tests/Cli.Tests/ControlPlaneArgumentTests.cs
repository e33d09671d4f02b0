using Dataplane.Cli.Commands;

namespace Dataplane.Cli.Tests;

/// <summary>A manifest of kube-apiserver or kube-controller-manager can be taken over: what is not done is said.</summary>
public sealed class ControlPlaneArgumentTests
{
    [Theory]
    [InlineData("--no-such-flag=1", "--no-such-flag")]
    [InlineData("--audit-log-path=-", "--audit-log-path is not supported: there is no audit log")]
    [InlineData("--authorization-mode=Node,RBAC", "--authorization-mode: only AlwaysAllow is known: every user who is known may do everything")]
    [InlineData("--event-ttl=soon", "\"soon\"")]
    [InlineData("--cluster-cidr=10.0.0.0", "10.0.0.0")]
    [InlineData("--service-node-port-range=9-3", "expected FIRST-LAST")]
    public void AFlagThatIsNotUnderstoodIsNamed(string argument, string error)
    {
        var errors = ControlPlaneCommand.Create().Parse([argument]).Errors;
        Assert.Contains(errors, found => found.Message.Contains(error, StringComparison.Ordinal));
    }

    [Fact]
    public void FlagsOfUpstreamsManifestsAreTaken()
    {
        var parsed = ControlPlaneCommand.Create().Parse(
        [
            "--advertise-address=10.0.0.1", "--allow-privileged=true", "--client-ca-file=/ca.crt", "--enable-admission-plugins=NodeRestriction",
            "--etcd-servers=http://127.0.0.1:2379", "--secure-port=6443", "--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/12",
            "--leader-elect=true", "--cluster-cidr=10.244.0.0/16", "--node-cidr-mask-size=24", "--node-monitor-grace-period=40s", "--event-ttl=30m", "--profiling=false",
            "--feature-gates=A=true", "--feature-gates=B=false", "--runtime-config=api/all=true", "--max-requests-inflight=10", "--min-request-timeout=60",
            "--anonymous-auth=true", "--tls-cert-file=/apiserver.crt", "--tls-private-key-file=/apiserver.key", "--authorization-mode=AlwaysAllow", "--use-service-account-credentials",
        ]);
        Assert.Empty(parsed.Errors);
    }
}
