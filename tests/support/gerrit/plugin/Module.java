package postevents;

import com.google.gerrit.extensions.events.LifecycleListener;
import com.google.gerrit.extensions.registration.DynamicSet;
import com.google.gerrit.server.events.EventListener;
import com.google.inject.AbstractModule;
import com.google.inject.Scopes;

/** Has Gerrit hand its events to {@link Listener}. */
public class Module extends AbstractModule {
  @Override
  protected void configure() {
    bind(Listener.class).in(Scopes.SINGLETON);
    DynamicSet.bind(binder(), EventListener.class).to(Listener.class);
    DynamicSet.bind(binder(), LifecycleListener.class).to(Listener.class);
  }
}
