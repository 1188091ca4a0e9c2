// Runs before the first paint: a page that turns dark a moment later would flash.
{
  const theme = localStorage.getItem('chainparse.theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
}
