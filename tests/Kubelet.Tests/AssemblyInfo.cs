using Dataplane.TestKit;

[assembly: AssemblyFixture(typeof(Engines))]
