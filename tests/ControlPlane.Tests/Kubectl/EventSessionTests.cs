namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>Events as kubectl shows them.</summary>
public sealed class EventSessionTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    [Fact]
    public async Task A_pod_that_fits_nowhere_is_told_of()
    {
        await kubectl.RunAsync("run lonely --image=i");
        var events = await kubectl.EventuallyAsync("events --for pod/lonely", "FailedScheduling");
        Assert.Matches(@"LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n.* +Warning +FailedScheduling +Pod/lonely +no nodes available to schedule pods", events);
        Assert.Matches(@"Warning +FailedScheduling +pod/lonely", await kubectl.RunAsync("get events --field-selector reason=FailedScheduling,involvedObject.name=lonely"));
        Assert.Matches(@"Warning +FailedScheduling +pod/lonely", await kubectl.RunAsync("get events.events.k8s.io --field-selector regarding.name=lonely"));
        Assert.Contains("No events found in default namespace.", await kubectl.RunAsync("events --types=Normal --for pod/lonely"));
        Assert.Matches(@"(?s)Events:.*Warning +FailedScheduling .*no nodes available to schedule pods", await kubectl.RunAsync("describe pod lonely"));
        Assert.Contains(
            "field label not supported: spec.x", await kubectl.RunAsync("get events --field-selector spec.x=1"));
    }
}
